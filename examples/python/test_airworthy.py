"""Tests of airworthy.py against a running kit: AIRWORTHY_URL, AIRWORTHY_KEY (agent), APPROVER_KEY (a person with the role note-keeper)."""

import json
import os
import sys
import threading
import types
import unittest
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

from airworthy import ConfirmationRequired, Denied, Kit, KitError, OutcomeInDoubt, ToolFailed

URL = os.environ["AIRWORTHY_URL"]
KEY = os.environ["AIRWORTHY_KEY"]
NOTE = {"title": "a", "text": "b"}


def decide(approval_id, decision):
    request = urllib.request.Request(
        f"{URL}/api/v1/approvals/{approval_id}/decision",
        data=json.dumps({"decision": decision}).encode(),
        headers={"Authorization": f"Bearer {os.environ['APPROVER_KEY']}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)


class GovernedTools(unittest.TestCase):
    def setUp(self):
        self.kit = Kit(URL, KEY)
        self.task = self.kit.task({"id": "ana", "attributes": {"role": "writer"}}, input="test")
        self.ran = []

    def tool(self, arguments, run):
        self.ran.append((arguments, run))
        return {"kept": True}

    def held(self, title):
        with self.assertRaises(ConfirmationRequired) as caught:
            self.task.run("delete_note", {"title": title}, self.tool)
        self.assertEqual(self.ran, [])
        return caught.exception

    def test_an_allowed_tool_runs_once_with_a_permit_and_is_reported(self):
        self.assertEqual(self.task.run("write_note", NOTE, self.tool, idempotency_key="k1"), {"kept": True})
        (arguments, run), = self.ran
        self.assertEqual(arguments, NOTE)
        self.assertTrue(run.action.startswith("act_"))
        self.assertEqual(len(run.permit.split(".")), 3)
        self.assertEqual(self.task.result(run.action)["state"], "succeeded")
        # The same key with the same call is the same action: its result, and no second run.
        self.assertEqual(self.task.run("write_note", NOTE, self.tool, idempotency_key="k1"), {"kept": True})
        self.assertEqual(len(self.ran), 1)

    def test_a_denied_tool_does_not_run_and_says_why(self):
        with self.assertRaises(Denied) as caught:
            self.task.run("write_note", {"title": 7}, self.tool)
        self.assertEqual(caught.exception.answer["reasons"][0]["code"], "ARGUMENTS_INVALID")
        self.assertEqual(caught.exception.answer["next"], "retry_with")
        with self.assertRaises(Denied):
            self.task.run("no_such_tool", {}, self.tool)
        self.assertEqual(self.ran, [])

    def test_a_held_tool_waits_for_its_person_and_runs_once(self):
        held = self.held("x")
        self.assertEqual(held.approval["roles"], ["note-keeper"])
        timer = threading.Timer(0.3, decide, (held.approval["id"], "approved"))
        timer.start()
        self.assertEqual(self.task.run("delete_note", {"title": "x"}, self.tool, wait=30), {"kept": True})
        timer.join()
        self.assertEqual([arguments for arguments, _ in self.ran], [{"title": "x"}])
        # What was approved was that one action; the next one asks anew.
        self.ran.clear()
        self.assertNotEqual(self.held("x").action, held.action)

    def test_a_rejected_tool_does_not_run(self):
        held = self.held("y")
        decide(held.approval["id"], "rejected")
        with self.assertRaises(Denied) as caught:
            self.task.run("delete_note", {"title": "y"}, self.tool, wait=5)
        self.assertEqual(caught.exception.answer["reasons"][0]["code"], "CONFIRMATION_REJECTED")
        self.assertEqual(self.ran, [])

    def test_nobody_decides_in_time(self):
        self.held("z")
        with self.assertRaises(ConfirmationRequired):
            self.task.run("delete_note", {"title": "z"}, self.tool, wait=0.3)
        self.assertEqual(self.ran, [])

    def test_a_worker_goes_on_with_a_task_that_another_opened(self):
        held = self.held("w")
        decide(held.approval["id"], "approved")
        worker = self.kit.resume_task(self.task.id, self.task.token)
        self.assertEqual(worker.execute("delete_note", worker.result(held.action), self.tool), {"kept": True})
        # Its permit was given out once: nobody else may run it.
        self.assertEqual(self.task.result(held.action)["state"], "succeeded")

    def test_a_tool_that_raises_has_failed_and_its_words_stay_here(self):
        def broken(arguments, run):
            raise RuntimeError("the card 4242 4242 4242 4242")

        with self.assertRaises(RuntimeError):
            self.task.run("write_note", NOTE, broken, idempotency_key="k2")
        with self.assertRaises(ToolFailed) as caught:
            self.task.run("write_note", NOTE, broken, idempotency_key="k2")
        self.assertIn("RuntimeError", str(caught.exception))
        self.assertNotIn("4242", json.dumps(caught.exception.answer))

    def test_a_tool_that_cannot_know_leaves_it_open_and_it_does_not_run_again(self):
        def lost(arguments, run):
            self.ran.append(run)
            raise OutcomeInDoubt("the connection was cut")

        for _ in range(2):
            with self.assertRaises(OutcomeInDoubt):
                self.task.run("write_note", NOTE, lost, idempotency_key="k3")
        self.assertEqual(len(self.ran), 1)

    def test_what_a_model_may_see_comes_back(self):
        shown = self.task.run("read_note", {"title": "a"}, lambda arguments, run: "write to ana@example.com")
        self.assertNotIn("ana@example.com", shown)
        self.assertTrue(shown.startswith("write to "))

    def test_a_result_that_nobody_could_label_is_withheld(self):
        for result in [object(), float("nan"), "x" * 1_100_000]:
            with self.assertRaises(KitError) as caught:
                self.task.run("read_note", {"title": "a"}, lambda arguments, run: result)
            self.assertEqual(caught.exception.code, "REQUEST_INVALID")

    def test_a_closed_task_does_nothing_more(self):
        self.task.close()
        with self.assertRaises(KitError) as caught:
            self.task.act("read_note", {"title": "a"})
        self.assertEqual(caught.exception.code, "CREDENTIAL_INVALID")


class Paused(Exception):
    """What the stand-in for LangGraph's interrupt() raises, as the real one raises an exception of its own."""


class TheNodesForLangGraph(unittest.TestCase):
    """The nodes with stand-ins for the two names that they import: interrupt() raises once, and returns when the node is run again."""

    def setUp(self):
        self.resumed = False
        self.payload = None

        def interrupt(payload):
            json.dumps(payload)
            self.payload = payload
            if not self.resumed:
                raise Paused
            self.resumed = False
            return True

        modules = {"langgraph": {}, "langgraph.types": {"interrupt": interrupt}, "langgraph.graph": {"END": "__end__"}}
        for name, members in modules.items():
            module = types.ModuleType(name)
            vars(module).update(members)
            sys.modules[name] = module
        sys.modules.pop("langgraph_nodes", None)
        import langgraph_nodes

        self.nodes = langgraph_nodes
        kit = Kit(URL, KEY)
        task = kit.task({"id": "ana", "attributes": {"role": "writer"}})
        self.ran = []
        tools = {"delete_note": lambda arguments, run: self.ran.append(arguments) or "deleted"}
        self.ask = self.nodes.ask(kit, tools)
        call = {"id": "call_1", "name": "delete_note", "args": {"title": "g"}}
        self.state = {"task": {"task_id": task.id, "token": task.token}, "call": call, "held": None, "result": None}

    def step(self):
        self.state.update(self.ask(self.state))
        return self.nodes.where_next(self.state)

    def test_a_held_call_pauses_the_graph_and_runs_once_it_was_approved(self):
        self.assertEqual(self.step(), "wait")
        with self.assertRaises(Paused):
            self.nodes.wait(self.state)
        # Resumed before anybody has decided: whoever resumes approves nothing, and it waits for the same action again.
        self.resumed = True
        self.nodes.wait(self.state)
        action = self.state["held"]["action"]
        self.assertEqual((self.step(), self.state["held"]["action"], self.ran), ("wait", action, []))
        decide(self.payload["approval"]["id"], "approved")
        self.resumed = True
        self.nodes.wait(self.state)
        self.assertEqual((self.step(), self.state["result"], self.ran), ("__end__", "deleted", [{"title": "g"}]))
        # A node that is run over again after that finds it done.
        self.assertEqual((self.step(), self.state["result"], len(self.ran)), ("__end__", "deleted", 1))

    def test_a_rejected_call_ends_with_the_reason(self):
        self.assertEqual(self.step(), "wait")
        decide(self.state["held"]["approval"]["id"], "rejected")
        self.assertEqual(self.step(), "__end__")
        self.assertIn("CONFIRMATION_REJECTED", self.state["result"])
        self.assertEqual(self.ran, [])


class TheWayToTheKit(unittest.TestCase):
    def test_a_wrong_key_and_a_wrong_address_say_so(self):
        with self.assertRaises(KitError) as caught:
            Kit(URL, "awa_wrong").task({"id": "ana"})
        self.assertEqual(caught.exception.code, "CREDENTIAL_INVALID")
        with self.assertRaises(KitError) as caught:
            Kit("http://127.0.0.1:9", KEY, timeout=2).status()
        self.assertEqual(caught.exception.code, "KIT_UNREACHABLE")
        self.assertIn("airworthy up", caught.exception.mend)

    def test_a_lost_request_is_sent_again_only_with_a_key_and_no_redirect_is_followed(self):
        asked = []

        class Flaky(BaseHTTPRequestHandler):
            def do_POST(self):
                asked.append((self.path, self.headers["Authorization"]))
                self.rfile.read(int(self.headers["Content-Length"]))
                if self.path.startswith("/moved"):
                    self.send_response(302)
                    self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                    self.end_headers()
                    return
                self.send_response(503 if len(asked) < 3 else 200)
                self.end_headers()
                self.wfile.write(b'{"state": "denied", "reasons": []}')

            def log_message(self, *_):
                pass

        server = HTTPServer(("127.0.0.1", 0), Flaky)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            url = f"http://127.0.0.1:{server.server_port}"
            task = Kit(url, KEY).resume_task("tsk_1", "token")
            with self.assertRaises(KitError):
                task.act("write_note", NOTE)
            self.assertEqual(len(asked), 1)
            asked.clear()
            self.assertEqual(task.act("write_note", NOTE, idempotency_key="k")["state"], "denied")
            self.assertEqual(len(asked), 3)
            asked.clear()
            with self.assertRaises(KitError):
                Kit(f"{url}/moved", KEY).resume_task("tsk_1", "token").act("write_note", NOTE)
            self.assertEqual(len(asked), 1)
        finally:
            server.shutdown()
            server.server_close()


if __name__ == "__main__":
    unittest.main()
