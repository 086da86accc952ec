"""What runs beside the API and the pipeline, and what reports on them: logs, figures, clean-up, generator jobs."""
