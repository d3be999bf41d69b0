# The server without training. Behind a proxy that speaks https: see compose.yaml.
FROM python:3.12-slim AS build
WORKDIR /app
COPY requirements-serve.txt .
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --disable-pip-version-check -r requirements-serve.txt

FROM python:3.12-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 HEARTSITE_DATA_DIR=/data
RUN useradd --system --uid 10001 --home-dir /app heartsite && install -d -o heartsite -m 0700 /data
WORKDIR /app
COPY --from=build /venv /venv
COPY . .
# Hashed and compressed names for the browser's cache. The key made here goes with the layer that made it.
RUN HEARTSITE_DATA_DIR=/tmp/build DJANGO_SECRET_KEY=only-for-collecting python manage.py collectstatic --noinput \
    && rm -rf /tmp/build
USER heartsite
VOLUME /data
EXPOSE 8000 8443
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["python", "manage.py", "serve"]
