"""A program that keeps notes and may not do everything: the smallest use of airworthy.py.

    AIRWORTHY_URL=http://127.0.0.1:4747 AIRWORTHY_KEY=awa_... python3 notes.py

It writes a note, reads it, tries what its user may not do, and asks to delete the note, which waits until a person has confirmed it.
"""

import os
import sys

from airworthy import ConfirmationRequired, Denied, Kit

notes: dict[str, str] = {}


def write_note(arguments, run):
    notes[arguments["title"]] = arguments["text"]
    return {"kept": len(notes)}


def read_note(arguments, run):
    return notes.get(arguments["title"])


def delete_note(arguments, run):
    return {"deleted": notes.pop(arguments["title"], None) is not None}


def main() -> int:
    kit = Kit(os.environ.get("AIRWORTHY_URL", "http://127.0.0.1:4747"), key=os.environ["AIRWORTHY_KEY"])
    note = {"title": "call", "text": "Call Ana at ana@example.com"}

    with kit.task(principal={"id": "rob", "attributes": {"role": "reader"}}) as task:
        try:
            task.run("write_note", note, write_note)
        except Denied as denied:
            print(f"rob may not write: {denied.answer['reasons'][0]['code']}")

    with kit.task(principal={"id": "ana", "attributes": {"role": "writer"}}, input="Keep a note, then delete it") as task:
        print("ana writes:", task.run("write_note", note, write_note))
        print("ana reads:", task.run("read_note", {"title": "call"}, read_note))
        try:
            task.run("delete_note", {"title": "call"}, delete_note)
        except ConfirmationRequired as held:
            print(f"CONFIRMATION REQUIRED: a {held.approval['roles'][0]} decides at {held.approval['url']}", flush=True)
        # The same call again is the same action: it waits for that very decision, and runs once.
        wait = float(os.environ.get("WAIT_SECONDS", "60"))
        try:
            print("ana deletes:", task.run("delete_note", {"title": "call"}, delete_note, wait=wait))
        except ConfirmationRequired:
            print("nobody has decided yet; the note stays")
        except Denied as denied:
            print(f"the note stays: {denied.answer['reasons'][0]['code']}")
    print("notes left:", len(notes))
    return 0


if __name__ == "__main__":
    sys.exit(main())
