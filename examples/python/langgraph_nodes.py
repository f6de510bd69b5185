"""Two LangGraph nodes for one tool call: `ask` runs it through the guard, `wait` pauses the graph while a person decides.

    graph.add_node("ask", ask(kit, tools))
    graph.add_node("wait", wait)
    graph.add_conditional_edges("ask", where_next)
    graph.add_edge("wait", "ask")

The state has `task` ({"task_id", "token"}), `call` ({"id", "name", "args"}, as models write tool calls), `held` and `result`.
"""

from langgraph.graph import END
from langgraph.types import interrupt

from airworthy import ConfirmationRequired, Denied, OutcomeInDoubt, ToolFailed


def ask(kit, tools):
    """A node that runs the call when the guard lets it. No interrupt() in here: a node starts over when it is resumed."""

    def node(state):
        call, task = state["call"], kit.resume_task(**state["task"])
        try:
            # The call's own id is the idempotency key: coming back here asks for the same action, and a tool that ran runs no second time.
            result = task.run(call["name"], call["args"], tools[call["name"]], idempotency_key=call["id"])
        except ConfirmationRequired as held:
            return {"held": {"action": held.action, "approval": dict(held.approval)}, "result": None}
        except (Denied, ToolFailed, OutcomeInDoubt) as refused:
            return {"held": None, "result": f"{type(refused).__name__}: {refused}"}
        return {"held": None, "result": result}

    return node


def wait(state):
    """A node that only pauses. What resumes it says nothing: the guard is asked again, and only a person's approval in the kit counts."""
    interrupt(state["held"])
    return {}


def where_next(state):
    return "wait" if state["held"] else END
