"""Before a pod ends: a worker that a scale-in removes is told to leave its group, so that the others take over at once.

    python -m streams.worker.container.leave STATEFULSET

As the preStop hook of a StatefulSet's pod. It asks Kubernetes how many replicas are wanted. If this pod is none of
them, or nobody wants the StatefulSet any more, it sends SIGUSR1 to process 1. After a restart or an upgrade the pod
comes back under its name, so it stays a member. If Kubernetes does not answer it does nothing: the partitions then
stand still for the session timeout. It always ends with 0, since a hook that fails changes nothing but the events.
Source: docs/operate.md, section "Start, stop, exit codes".
"""

import json
import os
import re
import signal
import socket
import ssl
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
TIMEOUT_S = 5.0
ORDINAL = re.compile(r"-(\d+)\Z")


def is_removed(pod: str, wanted: dict[str, Any] | None) -> bool:
    """Whether a pod of a StatefulSet does not come back. wanted: the StatefulSet, None where there is none any more.

    Raises ValueError if that is no name of a StatefulSet's pod.
    """
    ordinal = ORDINAL.search(pod)
    if ordinal is None:
        raise ValueError(f"{pod} is no pod of a StatefulSet")
    if wanted is None or wanted["metadata"].get("deletionTimestamp"):
        return True
    spec = wanted["spec"]
    first = spec.get("ordinals", {}).get("start", 0)
    return int(ordinal[1]) >= int(first) + int(spec.get("replicas", 1))


def stateful_set(name: str, account: Path = ACCOUNT) -> dict[str, Any] | None:
    """What Kubernetes says of a StatefulSet in this pod's namespace, or None if there is none.

    Raises OSError if it does not answer, KeyError or ValueError if this is no pod or the answer cannot be read.
    """
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    namespace, token = ((account / file).read_text("utf-8").strip() for file in ("namespace", "token"))
    where = f"[{host}]" if ":" in host else host
    url = f"https://{where}:{port}/apis/apps/v1/namespaces/{namespace}/statefulsets/{name}"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    trusted = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(account / "ca.crt")))
    ask = urllib.request.build_opener(urllib.request.ProxyHandler({}), trusted).open
    try:
        with ask(request, timeout=TIMEOUT_S) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise


def main() -> None:
    """Ask, and tell process 1 if this pod does not come back."""
    name, pod = sys.argv[1], socket.gethostname()
    try:
        if is_removed(pod, stateful_set(name)):
            os.kill(1, signal.SIGUSR1)
    except (OSError, KeyError, ValueError) as error:
        # Of a hook that ends with 0 nobody sees a word; this is for whoever tries it by hand.
        print(f"not known whether {pod} comes back, so it stays in its group: {error!r}", file=sys.stderr)


if __name__ == "__main__":
    main()
