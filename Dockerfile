# Footfall from the locked requirements, as a user who owns nothing but /data.
# docs/guides/docker.md runs it.

FROM python:3.13-slim AS build
WORKDIR /build
COPY requirements/serve.lock pyproject.toml README.md CHANGELOG.md LICENSE ./
COPY src src
RUN python -m venv /opt/footfall \
    && /opt/footfall/bin/pip install --no-cache-dir --require-hashes --requirement serve.lock \
    && /opt/footfall/bin/pip install --no-cache-dir --no-build-isolation --no-deps . \
    && /opt/footfall/bin/pip uninstall --yes hatchling editables

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home --home-dir /data footfall \
    && install --directory --owner footfall --mode 0700 /data
COPY --from=build /opt/footfall /opt/footfall
ENV PATH=/opt/footfall/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    FOOTFALL_STORE=/data/footfall.db \
    FOOTFALL_HOST=0.0.0.0 \
    FOOTFALL_LOG_FORMAT=json
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/readyz', timeout=4)"]
ENTRYPOINT ["footfall"]
CMD ["serve"]
