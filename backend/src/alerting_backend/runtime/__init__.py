"""What runs beside the API and the pipeline, and what tells of them: logs, figures, clean-up, generator jobs."""
