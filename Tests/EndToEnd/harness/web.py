"""HTTP as curl and monitors speak it, over loopback."""
import http.client
import json


class Answer:
    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    @property
    def text(self):
        return self.body.decode()

    def json(self):
        return json.loads(self.body)


def get(port, path, method="GET", host="127.0.0.1", body=None, **headers):
    """Asks `host:port`; header names are written with underscores."""
    connection = http.client.HTTPConnection(host, port, timeout=15)
    try:
        connection.request(method, path, body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})
        return Answer(connection.getresponse())
    finally:
        connection.close()


def metrics(port, **headers):
    """What /metrics shows: {'name{label="value"}': number}."""
    answer = get(port, "/metrics", **headers)
    assert answer.status == 200, answer.text
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}
