"""The way to a cluster, against a local endpoint of the AWS API."""
