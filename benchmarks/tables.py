"""Figures as a table: the median of the runs, and each row's ratio to one of them."""

from statistics import median

Figures = dict[str, list[dict[str, float]]]  # row -> runs -> column -> figure


def median_rows(
    figures: Figures, *, ratio_of: str, reference: str, inverse: bool = False
) -> str:
    """A Markdown table of medians.

    The ratio is of each run's figure to the reference's in the same run, since a
    machine's speed drifts; its median stands in the last column.

    Args:
        figures: The runs' figures.
        ratio_of: The column that is compared.
        reference: The row it is compared with.
        inverse: Whether the ratio is reference to row instead of row to reference.
    """
    columns = list(figures[reference][0])
    lines = [
        "| | " + " | ".join([*columns, "ratio"]) + " |",
        "|---|" + "---:|" * (len(columns) + 1),
    ]
    for row, runs in figures.items():
        cells = [_figure(median(run[column] for run in runs)) for column in columns]
        ratios = [
            _ratio(other[ratio_of], run[ratio_of], inverse)
            for run, other in zip(runs, figures[reference], strict=True)
        ]
        lines.append(
            f"| {row} | " + " | ".join([*cells, f"{median(ratios):.2f}"]) + " |"
        )
    return "\n".join(lines)


def _ratio(reference: float, figure: float, inverse: bool) -> float:
    return reference / figure if inverse else figure / reference


def _figure(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.2f}"
