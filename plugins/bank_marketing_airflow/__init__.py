"""What the platform adds to Airflow: operators for its steps, one `as_of` resolver, one retry policy, its mails."""
