# Six targets; each carries what it runs and nothing else:
#   secrets   the standard library and two modules: the first step of the compose stack, and the last
#   mlflow    MLflow's server
#   api       the service and the command line, without a Java, Spark or Airflow
#   spark     Spark's master, workers and executors, with the package whose functions they run over rows
#   airflow   everything: DAGs, Spark's drivers, validation, training
# `make up` builds them all; one by hand:
#   docker build --target api --build-arg COMMIT="$(git rev-parse HEAD)" -t bank-marketing/api .
# Python packages come from the locks of `make lock`, all with the same versions, and Spark's S3 jars from spark_jobs/jars.lock, each file
# by its hash.

ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm

# --- the installer: uv, as the lock has it. A stage of its own: only a new uv, not every new lock, repeats what follows -----------------
FROM ${PYTHON_IMAGE} AS installer
WORKDIR /build
COPY requirements.lock ./
COPY scripts/__init__.py scripts/lock.py scripts/
RUN python -c "from scripts.lock import LOCK, entries; print(entries(LOCK.read_text())['uv'])" > uv.txt

FROM ${PYTHON_IMAGE} AS uv
# Certificates of the image, as pip has them: behind a proxy that inspects TLS, put its authority into the base image.
ENV UV_LINK_MODE=copy UV_SYSTEM_CERTS=true UV_NO_PROGRESS=true
WORKDIR /build
COPY --from=installer /build/uv.txt ./
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m venv /opt/uv && /opt/uv/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r uv.txt
COPY deploy/docker/install.sh ./

# --- the Python packages of each image -------------------------------------------------------------------------------------------------
# Arrow's network protocol, and the headers to build against it: 35 MB that nothing in the small images loads.
FROM uv AS packages-mlflow
COPY requirements-mlflow.lock ./
RUN --mount=type=cache,target=/root/.cache/uv,sharing=locked sh install.sh requirements-mlflow.lock
RUN rm -rf /opt/venv/lib/python3.11/site-packages/pyarrow/include /opt/venv/lib/python3.11/site-packages/pyarrow/libarrow_flight.* /opt/venv/lib/python3.11/site-packages/pyarrow/_flight.*

FROM uv AS packages-api
COPY requirements-api.lock ./
RUN --mount=type=cache,target=/root/.cache/uv,sharing=locked sh install.sh requirements-api.lock
RUN rm -rf /opt/venv/lib/python3.11/site-packages/pyarrow/include /opt/venv/lib/python3.11/site-packages/pyarrow/libarrow_flight.* /opt/venv/lib/python3.11/site-packages/pyarrow/_flight.*

FROM uv AS packages-spark
COPY requirements-spark.lock ./
RUN --mount=type=cache,target=/root/.cache/uv,sharing=locked sh install.sh requirements-spark.lock

FROM uv AS packages-airflow
COPY requirements-runtime.lock ./
RUN --mount=type=cache,target=/root/.cache/uv,sharing=locked sh install.sh requirements-runtime.lock

# --- the jars that let Spark read and write s3a:// --------------------------------------------------------------------------------------
FROM ${PYTHON_IMAGE} AS jars
WORKDIR /build
COPY scripts/__init__.py scripts/spark_jars.py scripts/
COPY spark_jobs/jars.lock spark_jobs/
RUN python -m scripts.spark_jars /jars

# --- what all images share --------------------------------------------------------------------------------------------------------------
FROM ${PYTHON_IMAGE} AS base
# tini reaps what Airflow and Spark leave behind; ps is asked for by Spark's scripts; libgomp is LightGBM's; nss_wrapper gives a name to
# an arbitrary UID, without which Hadoop's login fails.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgomp1 libnss-wrapper procps tini \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /usr/share/man/*

# A user without rights; any other UID works as well, with group 0 (OpenShift, `user:` in compose). Nobody else sees secrets.
RUN useradd --uid 50000 --gid 0 --home-dir /home/bank --create-home bank \
    && install -d -o 50000 -g 0 -m 0775 /home/bank /opt/airflow /opt/bank-marketing /var/lib/bank /run/bank \
       /var/lib/bank/.cache /var/lib/bank/landing /var/lib/bank/logs /var/lib/bank/api /var/lib/bank/spark /var/lib/bank/s3 /var/lib/bank/mail \
       /var/lib/bank/proxy \
    && install -d -o 50000 -g 0 -m 0770 \
       /run/bank/all /run/bank/postgres /run/bank/s3 /run/bank/mlflow /run/bank/airflow /run/bank/spark /run/bank/api /run/bank/redis

ENV PATH=/opt/venv/bin:/opt/java/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/home/bank \
    LANG=C.UTF-8 \
    BANK_HOME=/var/lib/bank \
    MLFLOW_DISABLE_TELEMETRY=true \
    DO_NOT_TRACK=true \
    MPLBACKEND=Agg \
    PYTHONWARNINGS=ignore::DeprecationWarning
WORKDIR /opt/bank-marketing
COPY LICENSE ./
COPY deploy/docker deploy/docker
RUN ln -s /opt/bank-marketing/deploy/docker/entrypoint.sh /usr/local/bin/bank-entrypoint \
    && ln -s /opt/bank-marketing/deploy/docker/probe.py /usr/local/bin/bank-probe
LABEL org.opencontainers.image.title="bank-marketing" \
      org.opencontainers.image.description="Airflow, Spark and ML platform that predicts term-deposit subscriptions" \
      org.opencontainers.image.licenses="Apache-2.0"
USER 50000:0
ENTRYPOINT ["tini", "--", "bank-entrypoint"]
# What a container is asked depends on what it runs: BANK_PROBE names it (deploy/docker/probe.py).
HEALTHCHECK --interval=15s --timeout=10s --start-period=300s --start-interval=3s --retries=4 CMD ["bank-entrypoint", "bank-probe"]

FROM base AS java
USER 0
RUN apt-get update \
    && mkdir -p /usr/share/man/man1 \
    && apt-get install -y --no-install-recommends openjdk-17-jre-headless \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /usr/share/man/* \
    && ln -s "$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")" /opt/java
ENV JAVA_HOME=/opt/java \
    SPARK_HOME=/opt/venv/lib/python3.11/site-packages/pyspark \
    SPARK_CONF_DIR=/opt/bank-marketing/deploy/docker/spark \
    SPARK_LOCAL_DIRS=/tmp \
    PYSPARK_PYTHON=/opt/venv/bin/python
USER 50000:0

# --- the targets ------------------------------------------------------------------------------------------------------------------------
FROM base AS secrets
COPY scripts/__init__.py scripts/compose_addresses.py scripts/compose_audiences.py scripts/compose_secrets.py scripts/
ENTRYPOINT ["tini", "--", "python", "-m"]
CMD ["scripts.compose_secrets", "write"]

FROM base AS mlflow
COPY --from=packages-mlflow /opt/venv /opt/venv
# For the step that makes the buckets: it has the store's client, and no commit.
COPY scripts/__init__.py scripts/compose_audiences.py scripts/compose_init.py scripts/compose_secrets.py scripts/
ENV BANK_PROBE=mlflow
EXPOSE 5000
CMD ["mlflow", "server", "--host", "0.0.0.0", "--port", "5000"]

FROM base AS api
USER 0
COPY --from=packages-api /opt/venv /opt/venv
COPY README.md pyproject.toml requirements.txt ./
COPY include include
RUN --mount=type=bind,from=uv,source=/opt/uv/bin,target=/opt/uv/bin sh deploy/docker/install.sh .
ENV BANK_PROBE=api BANK_API_HOST=0.0.0.0
EXPOSE 8000
# The commit that records name as their code; `make up` passes it. Last: a commit that changes no file here changes this layer alone.
ARG COMMIT=""
RUN if [ -n "$COMMIT" ]; then echo "$COMMIT" > COMMIT; fi
LABEL org.opencontainers.image.revision="${COMMIT}"
USER 50000:0
CMD ["bank-marketing", "serve"]

FROM java AS spark
USER 0
COPY --from=packages-spark /opt/venv /opt/venv
COPY --from=jars /jars /opt/venv/lib/python3.11/site-packages/pyspark/jars
COPY README.md pyproject.toml requirements.txt ./
COPY include include
COPY spark_jobs spark_jobs
RUN --mount=type=bind,from=uv,source=/opt/uv/bin,target=/opt/uv/bin sh deploy/docker/install.sh .
USER 50000:0
ENV BANK_PROBE=spark-worker
EXPOSE 7077 8080 8081
CMD ["spark-class", "org.apache.spark.deploy.worker.Worker", "spark://spark-master:7077"]

# The last target is what `docker build .` makes.
FROM java AS airflow
USER 0
COPY --from=packages-airflow /opt/venv /opt/venv
COPY --from=jars /jars /opt/venv/lib/python3.11/site-packages/pyspark/jars
ENV AIRFLOW_HOME=/opt/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/bank-marketing/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/bank-marketing/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS=False \
    AIRFLOW__USAGE_DATA_COLLECTION__ENABLED=False \
    GX_ANALYTICS_ENABLED=False \
    BANK_PROBE=scheduler
COPY airflow_settings.yaml README.md pyproject.toml requirements.txt ./
COPY scripts/__init__.py scripts/airflow_settings.py scripts/compose_audiences.py scripts/compose_init.py scripts/compose_secrets.py \
     scripts/create_databases.py scripts/
COPY spark_jobs spark_jobs
COPY docs docs
COPY plugins plugins
COPY dags dags
COPY include include
RUN --mount=type=bind,from=uv,source=/opt/uv/bin,target=/opt/uv/bin sh deploy/docker/install.sh .
EXPOSE 8080
ARG COMMIT=""
RUN if [ -n "$COMMIT" ]; then echo "$COMMIT" > COMMIT; fi
LABEL org.opencontainers.image.revision="${COMMIT}"
USER 50000:0
CMD ["airflow", "scheduler"]
