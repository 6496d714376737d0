# One family of images: airflow, spark, mlflow and api are targets over the same layers, so that Python, PySpark and the package agree
# everywhere and the machine keeps one copy of them. `make up` builds them all; one by hand:
#   docker build --target api --build-arg COMMIT="$(git rev-parse HEAD)" -t bank-marketing/api .
# Python packages come from requirements-runtime.lock and Spark's S3 jars from spark_jobs/jars.lock, each file by its hash.

ARG PYTHON_IMAGE=python:3.11-slim-bookworm

# --- the installer: uv, as the lock has it. A stage of its own: only a new uv, not every new lock, repeats what follows -----------------
FROM ${PYTHON_IMAGE} AS installer
WORKDIR /build
COPY requirements.lock ./
COPY scripts/__init__.py scripts/lock.py scripts/
RUN python -c "from scripts.lock import LOCK, entries; print(entries(LOCK.read_text())['uv'])" > uv.txt

# --- the Python packages, compiled: a read-only container cannot do it at every start --------------------------------------------------
FROM ${PYTHON_IMAGE} AS packages
# Certificates of the image, as pip has them: behind a proxy that inspects TLS, put its authority into the base image.
ENV UV_LINK_MODE=copy UV_SYSTEM_CERTS=true UV_NO_PROGRESS=true
WORKDIR /build
COPY --from=installer /build/uv.txt ./
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m venv /opt/uv && /opt/uv/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r uv.txt
COPY requirements-runtime.lock ./
RUN --mount=type=cache,target=/root/.cache/uv \
    python -m venv --without-pip /opt/venv \
    && /opt/uv/bin/uv pip sync --python /opt/venv/bin/python --require-hashes --compile-bytecode requirements-runtime.lock \
    # 160 MB of other projects' test suites
    && for name in matplotlib numba numpy pandas pyarrow scipy sklearn statsmodels; do \
         find "/opt/venv/lib/python3.11/site-packages/$name" -type d -name tests -prune -exec rm -rf {} +; \
       done

# --- the jars that let Spark read and write s3a:// --------------------------------------------------------------------------------------
FROM ${PYTHON_IMAGE} AS jars
WORKDIR /build
COPY scripts/__init__.py scripts/spark_jars.py scripts/
COPY spark_jobs/jars.lock spark_jobs/
RUN python -m scripts.spark_jars /jars

# --- what all images share --------------------------------------------------------------------------------------------------------------
FROM ${PYTHON_IMAGE} AS runtime
# tini reaps what Airflow and Spark leave behind; ps is asked for by Spark's scripts; libgomp is LightGBM's; nss_wrapper gives a name to
# an arbitrary UID, without which Hadoop's login fails.
RUN apt-get update \
    && mkdir -p /usr/share/man/man1 \
    && apt-get install -y --no-install-recommends libgomp1 libnss-wrapper openjdk-17-jre-headless procps tini \
    && rm -rf /var/lib/apt/lists/* /usr/share/man/* \
    && ln -s "$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")" /opt/java

# A user without rights; any other UID works as well, with group 0 (OpenShift, `user:` in compose).
RUN useradd --uid 50000 --gid 0 --home-dir /home/bank --create-home bank \
    && install -d -o 50000 -g 0 -m 0775 /home/bank /opt/airflow /var/lib/bank /run/bank \
       /var/lib/bank/.cache /var/lib/bank/landing /var/lib/bank/logs /var/lib/bank/api /var/lib/bank/spark /var/lib/bank/s3 /var/lib/bank/mail \
       /run/bank/all /run/bank/postgres /run/bank/s3 /run/bank/mlflow /run/bank/airflow /run/bank/spark /run/bank/api /run/bank/redis

COPY --from=packages /opt/venv /opt/venv
COPY --from=jars /jars /opt/venv/lib/python3.11/site-packages/pyspark/jars

ENV PATH=/opt/venv/bin:/opt/java/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    JAVA_HOME=/opt/java \
    SPARK_HOME=/opt/venv/lib/python3.11/site-packages/pyspark \
    SPARK_CONF_DIR=/opt/bank-marketing/deploy/docker/spark \
    SPARK_LOCAL_DIRS=/tmp \
    PYSPARK_PYTHON=/opt/venv/bin/python \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/home/bank \
    LANG=C.UTF-8 \
    BANK_HOME=/var/lib/bank \
    AIRFLOW_HOME=/opt/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/bank-marketing/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/bank-marketing/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS=False \
    AIRFLOW__USAGE_DATA_COLLECTION__ENABLED=False \
    GX_ANALYTICS_ENABLED=False \
    MLFLOW_DISABLE_TELEMETRY=true \
    DO_NOT_TRACK=true \
    MPLBACKEND=Agg \
    PYTHONWARNINGS=ignore::DeprecationWarning

WORKDIR /opt/bank-marketing
COPY airflow_settings.yaml LICENSE README.md pyproject.toml requirements.txt ./
COPY scripts scripts
COPY deploy/docker deploy/docker
COPY spark_jobs spark_jobs
COPY docs docs
COPY plugins plugins
COPY dags dags
COPY include include
# Installed as on a laptop, editable, with the metadata that a model's requirements are compared with.
RUN --mount=type=bind,from=packages,source=/opt/uv/bin,target=/opt/uv/bin \
    /opt/uv/bin/uv pip install --offline --no-cache --no-deps --no-build-isolation --python /opt/venv/bin/python --editable . \
    && rm -rf build \
    && python -m compileall -q include plugins scripts \
    && ln -s /opt/bank-marketing/deploy/docker/entrypoint.sh /usr/local/bin/bank-entrypoint \
    && ln -s /opt/bank-marketing/deploy/docker/probe.py /usr/local/bin/bank-probe \
    && ln -sf /opt/bank-marketing/deploy/docker/bank-marketing.sh /opt/venv/bin/bank-marketing

# The commit that artifacts name as their code; `make up` passes it.
ARG COMMIT=""
RUN if [ -n "$COMMIT" ]; then echo "$COMMIT" > COMMIT; fi
LABEL org.opencontainers.image.title="bank-marketing" \
      org.opencontainers.image.description="Airflow, Spark and ML platform that predicts term-deposit subscriptions" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${COMMIT}"

USER 50000:0
ENTRYPOINT ["tini", "--", "bank-entrypoint"]
# What a container is asked depends on what it runs: BANK_PROBE names it (deploy/docker/probe.py).
HEALTHCHECK --interval=15s --timeout=10s --start-period=300s --start-interval=3s --retries=4 CMD ["bank-entrypoint", "bank-probe"]

# --- the targets ------------------------------------------------------------------------------------------------------------------------
FROM runtime AS spark
ENV BANK_PROBE=spark-worker
EXPOSE 7077 8080 8081
CMD ["spark-class", "org.apache.spark.deploy.worker.Worker", "spark://spark-master:7077"]

FROM runtime AS mlflow
ENV BANK_PROBE=mlflow
EXPOSE 5000
CMD ["mlflow", "server", "--host", "0.0.0.0", "--port", "5000"]

FROM runtime AS api
ENV BANK_PROBE=api BANK_API_HOST=0.0.0.0
EXPOSE 8000
CMD ["bank-marketing", "serve"]

# The last target is what `docker build .` makes.
FROM runtime AS airflow
ENV BANK_PROBE=scheduler
EXPOSE 8080
CMD ["airflow", "scheduler"]
