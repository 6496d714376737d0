# The images of a release, built once and pushed by commit, each with an SBOM and its provenance: `make images`.
variable "REGISTRY" {}
variable "COMMIT" {}

group "default" {
  targets = ["airflow", "api", "mlflow"]
}

target "image" {
  context    = "."
  dockerfile = "Dockerfile"
  platforms  = ["linux/amd64"]
  args       = { COMMIT = COMMIT }
  attest     = ["type=sbom", "type=provenance,mode=max"]
  output     = ["type=registry"]
}

target "airflow" {
  inherits = ["image"]
  target   = "airflow"
  tags     = ["${REGISTRY}/bank-marketing/airflow:${COMMIT}"]
}

target "api" {
  inherits = ["image"]
  target   = "api"
  tags     = ["${REGISTRY}/bank-marketing/api:${COMMIT}"]
}

target "mlflow" {
  inherits = ["image"]
  target   = "mlflow"
  tags     = ["${REGISTRY}/bank-marketing/mlflow:${COMMIT}"]
}
