"""The ids that were counted last are remembered, within bounds."""

from footfall.visits.recent import Recent

A, B = "https://a.example/", "https://b.example/"


def test_an_id_is_remembered_for_its_site_alone() -> None:
    """Another site's visitor may have drawn the same."""
    recent = Recent()
    recent.add(A, ["v1", "v2"])

    assert recent.of(A, {"v1", "v3"}) == {"v1"}
    assert recent.of(B, {"v1"}) == set()


def test_the_oldest_are_forgotten_first() -> None:
    """At least as many as the bound are known, and at most twice as many."""
    recent = Recent(remembered_max=10)
    for number in range(35):
        recent.add(A, [f"v{number}"])

    known = recent.of(A, {f"v{number}" for number in range(35)})
    assert known == {f"v{number}" for number in range(20, 35)}


def test_a_site_that_is_made_anew_has_none() -> None:
    """Its visits were removed with it."""
    recent = Recent()
    recent.add(A, ["v1"])
    recent.forget()

    assert recent.of(A, {"v1"}) == set()
