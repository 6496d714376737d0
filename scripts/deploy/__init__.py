"""From an image's digest to a service that answers: `python -m scripts.deploy --help`. The pictures and the reasons: docs/cicd.md."""
