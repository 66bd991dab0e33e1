# One image for the web, both kinds of workers and the commands beside them; which one a container is, its command says.
FROM node:24-bookworm-slim AS pages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM python:3.11-slim-bookworm AS base
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PATH="/app/.venv/bin:$PATH"
WORKDIR /app

FROM base AS libraries
COPY production.lock ./
RUN python -m venv .venv && pip install --no-cache-dir --require-hashes -r production.lock

FROM base
RUN useradd --system --uid 10001 --no-create-home tandem
COPY --from=libraries /app/.venv .venv
COPY --from=pages /app/node_modules node_modules
COPY . .
# Static files need no secret; the values are of this step alone.
RUN SECRET_KEY=build TOKEN_KEYS=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= DATABASE_URL=postgresql:///build \
    python manage.py collectstatic --noinput --verbosity 0 \
    && python -m compileall -q accounts activities common config contacts deals directory integrations users
USER 10001
EXPOSE 8000
CMD ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
