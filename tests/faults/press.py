"""One browser pressing "Send request" once, as a process of its own; standard library only, so it starts at once.

Reads {"host", "port", "path", "cookie", "body"} as a line of JSON, connects, says "ready", waits for a line, presses,
follows to the page it is led to, and prints {"status", "location", "html"}.
"""

import http.client
import json
import sys

job = json.loads(sys.stdin.readline())
headers = {"Cookie": job["cookie"], "Content-Type": "application/x-www-form-urlencoded"}
connection = http.client.HTTPConnection(job["host"], job["port"], timeout=60)
connection.connect()
print("ready", flush=True)
sys.stdin.readline()
connection.request("POST", job["path"], body=job["body"], headers=headers)
answer = connection.getresponse()
answer.read()
location = answer.getheader("Location", "")
html = ""
if location:
    follow = http.client.HTTPConnection(job["host"], job["port"], timeout=60)
    follow.request("GET", location, headers={"Cookie": job["cookie"]})
    html = follow.getresponse().read().decode()
print(json.dumps({"status": answer.status, "location": location, "html": html}), flush=True)
