# Two stages: build the wheel, then a slim image that runs as nobody with a read-only root file system.
FROM python:3.13.9-slim-bookworm AS build
WORKDIR /src
COPY requirements.lock pyproject.toml README.md LICENSE CHANGELOG.md ./
RUN python -m venv /opt/alerts && /opt/alerts/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY alerts alerts
COPY subscribers subscribers
COPY templates templates
COPY migrations migrations
RUN /opt/alerts/bin/pip install --no-cache-dir --no-deps .

FROM python:3.13.9-slim-bookworm
COPY --from=build /opt/alerts /opt/alerts
RUN useradd --system --uid 10001 --home-dir /data alerts && install -d -o alerts -g alerts -m 0700 /data
USER alerts
WORKDIR /data
ENV PATH=/opt/alerts/bin:$PATH ALERTS_DATA_DIR=/data PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-c", "import sys, http.client as h; c = h.HTTPConnection('127.0.0.1', 8000, timeout=4); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["alerts"]
CMD ["run", "--host", "0.0.0.0"]
