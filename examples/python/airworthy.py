"""Client of an Airworthy kit, for tools that the caller runs itself. One file, standard library only, Python 3.9 or newer.

    kit = Kit("http://127.0.0.1:4747", key=os.environ["AIRWORTHY_KEY"])
    with kit.task(principal={"id": "ana", "attributes": {"role": "support"}}, input="Refund order o-7") as task:
        note = task.run("add_note", {"text": "Refund asked for."}, lambda arguments, run: notes.add(**arguments))

The guard is asked before the function runs, and told afterwards what became of it. A denial, an action that waits for a person, and an action whose outcome
nobody knows are exceptions; each carries the guard's whole answer. Nothing here decides anything.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Optional

__all__ = [
    "ConfirmationRequired",
    "Denied",
    "Kit",
    "KitError",
    "OutcomeInDoubt",
    "Run",
    "Task",
    "ToolFailed",
]

#: What the kit takes in one request, with room for the rest of it.
_REPORT_BYTES_MAX = 1_000_000
#: One poll stays well below the time-outs of proxies on the way.
_POLL_SECONDS_MAX = 25.0
_TRIES_MAX = 3
_ANSWER_BYTES_MAX = 16 * 1024 * 1024
#: The server did not take the request, or did not get to it.
_LOST_STATUSES = frozenset({502, 503, 504})

Answer = Mapping[str, Any]


class KitError(Exception):
    """The kit could not be asked, or refused the request. Recognise it by `code` (docs/errors.md)."""

    def __init__(self, code: str, message: str, mend: str) -> None:
        super().__init__(f"{code}: {message} {mend}")
        self.code = code
        self.mend = mend


class _Refusal(Exception):
    def __init__(self, message: str, answer: Optional[Answer] = None) -> None:
        super().__init__(message)
        self.answer: Answer = answer or {}


class Denied(_Refusal):
    """The guard said no; nothing ran. `answer` has `reasons`, `next`, and `fallback` of an exhausted budget."""


class ConfirmationRequired(_Refusal):
    """A person must confirm first. `task.result(action)` waits; the same call again, once somebody has, runs the tool."""

    @property
    def action(self) -> str:
        return str(self.answer.get("action", ""))

    @property
    def approval(self) -> Mapping[str, Any]:
        """`id`, `roles`, `expires_ms`, `summary` and `url`, where the person decides."""
        return self.answer.get("approval") or {}


class OutcomeInDoubt(_Refusal):
    """It was begun before and nobody knows how it ended, so it does not run again. Raise it from a tool that cannot know either:
    then nothing is reported, and a reconcile hook or an operator decides."""


class ToolFailed(_Refusal):
    """The recorded outcome of this very action is a failure."""


@dataclass(frozen=True)
class Run:
    """What goes with a call: send `permit` as header `Airworthy-Permit` to the tool's service; `action` may be its idempotency key."""

    action: str
    permit: Optional[str]


Execute = Callable[[Mapping[str, Any], Run], Any]


class Kit:
    """The way to a kit, with an agent's key (`awa_...`). It makes no request by itself."""

    def __init__(self, url: str, key: str, timeout: float = 120.0) -> None:
        self._http = _Http(url, key, timeout)

    def task(
        self,
        principal: Any,
        input: Any = None,
        resume_url: Optional[str] = None,
        traceparent: Optional[str] = None,
    ) -> Task:
        """Opens a task for a user: a signed token (str), or, where the manifest says so, `{"id": ..., "attributes": {...}}`."""
        body = {"principal": principal, "input": input, "resume_url": resume_url}
        headers = {} if traceparent is None else {"traceparent": traceparent}
        opened = self._http.ask("POST", "/api/v1/tasks", _given(body), headers=headers)
        return Task(self._http.with_credential(opened["token"]), opened)

    def resume_task(self, task_id: str, token: str) -> Task:
        """A task that was opened before, from its id and token, as a worker keeps them. It makes no request."""
        return Task(self._http.with_credential(token), {"task": task_id, "token": token})

    def status(self) -> Answer:
        """Agent, release, mode."""
        return self._http.ask("GET", "/api/v1/status", repeatable=True)


class Task:
    """One piece of work for one user. Its token opens this task's doors and nothing else."""

    def __init__(self, http: _Http, opened: Mapping[str, Any]) -> None:
        self._http = http
        self.id: str = opened["task"]
        self.token: str = opened["token"]
        self.trace_id: str = opened.get("trace_id", "")
        #: Address of the MCP gateway for this task.
        self.mcp_url: Optional[str] = (opened.get("urls") or {}).get("mcp")

    def __enter__(self) -> Task:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the task; its token opens nothing any more."""
        self._http.ask("POST", f"/api/v1/tasks/{_quoted(self.id)}/close", {})

    def act(self, tool: str, arguments: Mapping[str, Any], idempotency_key: Optional[str] = None) -> Answer:
        """Asks the guard and returns its answer, a denial too. `state` is `intended` when a tool of the caller's own may run now, once,
        with the `arguments` and the `permit` of the answer. Only with an idempotency key is a request that got lost sent again."""
        body = _given({"tool": tool, "arguments": dict(arguments), "idempotency_key": idempotency_key})
        path = f"/api/v1/tasks/{_quoted(self.id)}/actions"
        return self._http.ask("POST", path, body, repeatable=idempotency_key is not None)

    def result(self, action: str, wait: float = 0.0) -> Answer:
        """Waits for an action at most `wait` seconds, then tells its state."""
        until = time.monotonic() + wait
        while True:
            left = max(0.0, until - time.monotonic())
            milliseconds = round(min(left, _POLL_SECONDS_MAX) * 1000)
            # Not repeated: the permit of an action that was approved meanwhile is given out once.
            answer = self._http.ask("GET", f"/api/v1/actions/{_quoted(action)}?wait={milliseconds}")
            is_begun = answer["state"] == "intended" and answer.get("next") == "wait"
            if left <= 0 or not (answer["state"] == "held" or is_begun):
                return answer

    def run(
        self,
        tool: str,
        arguments: Mapping[str, Any],
        execute: Execute,
        idempotency_key: Optional[str] = None,
        wait: float = 0.0,
    ) -> Any:
        """Asks the guard, runs `execute(arguments, run)` with the arguments as they must be sent, and reports the outcome.

        `wait` is how many seconds an action that is held waits for its person; 0 raises ConfirmationRequired at once.
        Returns what a model may see of the result. Raises Denied, ConfirmationRequired, OutcomeInDoubt, ToolFailed, KitError, and what
        `execute` raises.
        """
        answer = self.act(tool, arguments, idempotency_key)
        if answer["state"] == "held" and wait > 0 and "action" in answer:
            answer = self.result(answer["action"], wait)
        return self.execute(tool, answer, execute)

    def execute(self, tool: str, answer: Answer, execute: Execute) -> Any:
        """Runs what `act` or `result` has let through, once, and reports the outcome. For frameworks that ask and run apart."""
        state, action = answer["state"], answer.get("action")
        if state == "succeeded":
            return _unwrapped(answer.get("result"))
        if state == "failed":
            raise ToolFailed(f"{tool} failed: {answer.get('error') or 'the tool said so'}", answer)
        if state == "held":
            raise ConfirmationRequired(
                f"CONFIRMATION REQUIRED: {tool} is held until a person has confirmed this exact call.", answer
            )
        if state == "denied" or action is None:
            raise Denied(f"{tool} was denied: {_sentences(answer)}", answer)
        # `wait` on an intended action: it was given out before, to a caller that may be running it now or may have died over it.
        if state == "ambiguous" or answer.get("next") == "wait":
            raise OutcomeInDoubt(f"{tool} was begun before, and its outcome is not known.", answer)
        try:
            result = execute(answer["arguments"], Run(action, answer.get("permit")))
        except OutcomeInDoubt:
            raise
        except BaseException as error:
            # Only the kind of error is reported: its message may hold what the tool was given.
            self._report_failure(action, f"The tool raised {type(error).__name__[:64]}.")
            raise
        try:
            wrapped = json.dumps({"structuredContent": {"value": result}}, allow_nan=False)
            fits = len(wrapped.encode()) <= _REPORT_BYTES_MAX
        except (TypeError, ValueError, UnicodeEncodeError, RecursionError):
            fits = False
        if not fits:
            self._report(action, {"state": "succeeded"})
            raise KitError(
                "REQUEST_INVALID",
                f"{tool} ran, but its result is no JSON or larger than {_REPORT_BYTES_MAX} bytes, so it could not be labelled and is withheld.",
                "Return less, and only JSON.",
            )
        settled = self._report(action, {"state": "succeeded", "result": json.loads(wrapped)})
        return _unwrapped(settled.get("result"))

    def _report(self, action: str, outcome: Mapping[str, Any]) -> Answer:
        return self._http.ask("POST", f"/api/v1/actions/{_quoted(action)}/outcome", outcome)

    def _report_failure(self, action: str, error: str) -> None:
        try:
            self._report(action, {"state": "failed", "error": error})
        except KitError:
            pass  # Not told: the kit will find the action open, and treat it as in doubt. The tool's own error is what counts here.


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the credential to somewhere else."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class _Http:
    """One request to a kit: its problem documents become KitError with the same code, and only what may be repeated is."""

    def __init__(self, url: str, credential: str, timeout: float) -> None:
        self._base = url.rstrip("/")
        self._credential = credential
        self._timeout = timeout
        self._opener = urllib.request.build_opener(_NoRedirects)

    def with_credential(self, credential: str) -> _Http:
        return _Http(self._base, credential, self._timeout)

    def ask(
        self,
        method: str,
        path: str,
        body: Optional[Mapping[str, Any]] = None,
        headers: Optional[Mapping[str, str]] = None,
        repeatable: bool = False,
    ) -> Any:
        for attempt in range(1, _TRIES_MAX + 1):
            try:
                return self._once(method, path, body, headers or {})
            except KitError as error:
                if error.code != "KIT_UNREACHABLE" or not repeatable or attempt == _TRIES_MAX:
                    raise
                time.sleep(0.2 * attempt)

    def _once(self, method: str, path: str, body: Optional[Mapping[str, Any]], headers: Mapping[str, str]) -> Any:
        request = urllib.request.Request(f"{self._base}{path}", method=method, headers=dict(headers))
        request.add_header("Authorization", f"Bearer {self._credential}")
        if body is not None:
            request.data = json.dumps(body, allow_nan=False).encode()
            request.add_header("Content-Type", "application/json")
        try:
            try:
                with self._opener.open(request, timeout=self._timeout) as response:
                    status, text = response.status, response.read(_ANSWER_BYTES_MAX + 1)
            except urllib.error.HTTPError as error:
                with error:
                    status, text = error.code, error.read(_ANSWER_BYTES_MAX + 1)
        except (OSError, ValueError) as error:
            raise self._unreachable("it did not answer") from error
        answer = _parsed(text)
        if 200 <= status < 300 and answer is not None:
            return answer
        if status in _LOST_STATUSES:
            raise self._unreachable(f"it answered {status}")
        if answer is None or not all(isinstance(answer.get(key), str) for key in ("code", "message", "mend")):
            raise KitError("KIT_UNREACHABLE", f"What answered with status {status} is no kit.", "Correct the address.")
        raise KitError(answer["code"], answer["message"], answer["mend"])

    def _unreachable(self, why: str) -> KitError:
        return KitError(
            "KIT_UNREACHABLE",
            f"The kit at {self._base} could not be asked: {why}.",
            "Start it with `airworthy up`, or correct the address.",
        )


def _given(body: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in body.items() if value is not None}


def _quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="")


def _parsed(text: bytes) -> Optional[Any]:
    try:
        answer = json.loads(text) if len(text) <= _ANSWER_BYTES_MAX else None
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _unwrapped(result: Optional[Mapping[str, Any]]) -> Any:
    """Any value travels as `structuredContent: {value}`, so that the kit labels it like the result of an MCP tool."""
    structured = (result or {}).get("structuredContent")
    if not isinstance(structured, dict):
        return result
    return structured["value"] if set(structured) == {"value"} else structured


def _sentences(answer: Answer) -> str:
    parts = [f"{reason['code']}: {reason['message']}" for reason in answer.get("reasons", [])]
    if answer.get("fallback"):
        parts.append(answer["fallback"]["message"])
    if answer.get("next"):
        parts.append(f"Next: {answer['next']}.")
    return " ".join(parts)
