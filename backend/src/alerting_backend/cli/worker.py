"""`alerting worker` and `alerting api`: the processes of the distributed mode."""

import sys

from alerting_backend.cli.exits import told_errors
from alerting_backend.cli.output import write_json
from alerting_backend.cli.process import logged_as, run_process
from alerting_backend.settings import Settings
from alerting_backend.workers.api import run_api
from alerting_backend.workers.dependencies import Dependency, require
from alerting_backend.workers.process import run_worker
from alerting_backend.workers.worker import NEEDS
from alerting_core.pipeline.report import WorkerKind


def run_worker_command(kind: WorkerKind, settings: Settings, *, as_json: bool) -> None:
    """Run one worker until somebody stops it."""
    with told_errors(as_json=as_json):
        require(settings, *NEEDS[kind], needed_by=f"worker {kind}")
    settings = logged_as(settings, as_json=as_json)
    run_process(lambda stop: run_worker(kind, settings, stop), settings, name="worker")


def run_api_command(settings: Settings, *, as_json: bool) -> None:
    """Serve the API until somebody stops it."""
    with told_errors(as_json=as_json):
        require(settings, Dependency.KAFKA, Dependency.POSTGRES, needed_by="the API beside workers")
    settings = logged_as(settings, as_json=as_json)

    def tell_key(key: str) -> None:
        if settings.log_format == "json":
            write_json({"event": "admin_key_made", "admin_key": key})
        else:
            sys.stdout.write(f"\n  Admin key  {key}  (shown this once: keep it)\n\n")
            sys.stdout.flush()

    run_process(lambda stop: run_api(settings, stop, tell_key), settings, name="api")
