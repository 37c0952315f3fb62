# The image of queue-bot: hash-pinned packages and an ordinary user. It writes no files at run time,
# so it runs with --read-only (SQLite files, if any, belong on a volume).
#
#   docker build -t queue-bot .
#   docker run --read-only --cap-drop=ALL --security-opt=no-new-privileges \
#     --env-file queue-bot.env queue-bot
#   docker run --rm --env-file queue-bot.env queue-bot migrate

# Pin it for a release: --build-arg BASE=python:3.11-slim@sha256:… (docker buildx imagetools inspect)
ARG BASE=python:3.11-slim
FROM ${BASE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
COPY requirements/build.txt requirements/run.txt requirements/
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes --no-deps -r requirements/build.txt \
    && python -m venv --without-pip /opt/queue-bot \
    && /opt/build/bin/pip --python /opt/queue-bot/bin/python install \
        --require-hashes --no-deps -r requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheel . \
    && /opt/build/bin/pip --python /opt/queue-bot/bin/python install \
        --no-deps --no-index /wheel/*.whl

FROM ${BASE}
LABEL org.opencontainers.image.title="queue-bot" \
      org.opencontainers.image.version="0.2.0" \
      org.opencontainers.image.description="Run your team's database job queue from Slack" \
      org.opencontainers.image.licenses="MIT"
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin queue-bot
COPY --from=build /opt/queue-bot /opt/queue-bot
ENV PATH=/opt/queue-bot/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# Open only inside the container; see docs/monitoring.md.
ENV QUEUE_BOT_MONITORING_PORT=9464
USER 10001
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"QUEUE_BOT_MONITORING_PORT\"]}/livez', timeout=5)"]
# After SIGTERM the bot answers open requests for up to 20 seconds: use docker stop --time 25.
STOPSIGNAL SIGTERM
ENTRYPOINT ["queue-bot"]
CMD ["run"]
