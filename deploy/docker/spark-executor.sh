#!/bin/bash
# What Spark on Kubernetes calls in its executors' pods: the argument `executor`, everything else in SPARK_… variables
# (org.apache.spark.deploy.k8s.Constants). pip's PySpark brings no entry point for it.
set -euo pipefail

options=()
while IFS= read -r -d '' variable; do
  case $variable in SPARK_JAVA_OPT_*) options+=("${variable#*=}") ;; esac
done < <(env -0 | sort -z -t_ -k4n)

exec java "${options[@]}" "-Xms${SPARK_EXECUTOR_MEMORY}" "-Xmx${SPARK_EXECUTOR_MEMORY}" \
  -cp "${SPARK_CONF_DIR}:${SPARK_HOME}/jars/*:${SPARK_CLASSPATH:-}" \
  org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend \
  --driver-url "$SPARK_DRIVER_URL" --executor-id "$SPARK_EXECUTOR_ID" --cores "$SPARK_EXECUTOR_CORES" \
  --app-id "$SPARK_APPLICATION_ID" --hostname "$SPARK_EXECUTOR_POD_IP" \
  --resourceProfileId "$SPARK_RESOURCE_PROFILE_ID" --podName "$SPARK_EXECUTOR_POD_NAME"
