"""The edge in front of Triton: one nginx that lets in one model's inference and nothing else."""

import re
from dataclasses import dataclass

from modelbond.api.kinds import Json
from modelbond.errors import Refused
from modelbond.serving.names import edge_secret, metadata
from modelbond.serving.workload import Workload

EDGE_PORT = 8443
HEALTH_PATH = "/edge/health"
REQUESTS_PER_MINUTE = 200 * 60
BURST = 400
CONNECTIONS = 8192
# A request holds two connections: the client's and Triton's. Half are left for everybody else.
REQUESTS_AT_ONCE = CONNECTIONS // 4
# Some dozens of watchers, two probes a slice each, whatever the customer does. Each address has a
# part of its own: whoever has the token as well uses up nobody else's, where addresses reach us.
PROBES_PER_SECOND = 20
PROBES_PER_ADDRESS = 10
PROBES_AT_ONCE = 64
TOKENS, RATES, LIMITS = "tokens.conf", "rates.conf", "limits.conf"
"""The files beside the certificate that a running edge takes when they change."""
BODY_LIMIT = "64m"
# The token stands in a regular expression of nginx: nothing else may be in it.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32,128}")
_CLIENT = re.compile(rf"({_TOKEN.pattern})\$\" client-1;")
_LEAST_BURST = 10
_MODEL_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}")
_HOST_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def ready_path(model: str) -> str:
    """Return the path that answers 200 once this very model can infer."""
    return f"/v2/models/{model}/ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How often one token may ask: evenly, so many at a time, so many under way."""

    per_minute: int
    burst: int
    at_once: int


UNAGREED = Rate(per_minute=REQUESTS_PER_MINUTE, burst=BURST, at_once=REQUESTS_AT_ONCE)


def agreed_rate(requests_per_minute: int) -> Rate:
    """Return what holds a client to the agreed number: two seconds of it may come at once."""
    burst = max(requests_per_minute // 30, _LEAST_BURST)
    return Rate(
        per_minute=requests_per_minute, burst=burst, at_once=min(2 * burst, REQUESTS_AT_ONCE)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """What an agreement says of who may ask: the watchers' token, and the customer's rate."""

    probe_token: str
    requests_per_minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may infer, and how often: agreed numbers where a lease stands behind them."""

    token: str
    agreed: Agreed | None = None

    @property
    def rate(self) -> Rate:
        """Return how often the customer may ask."""
        return agreed_rate(self.agreed.requests_per_minute) if self.agreed else UNAGREED


def access_files(access: Access) -> dict[str, str]:
    """Return what the edge includes, by file name; Refused for odd tokens.

    Rates stand here and not in the configuration, which no running edge reads again.
    """
    rate = access.rate
    return {
        TOKENS: _tokens(access),
        RATES: f"limit_req_zone $customer zone=clients:1m rate={rate.per_minute}r/m;\n",
        LIMITS: f"limit_req zone=clients burst={rate.burst} nodelay;\n"
        f"limit_conn requests {rate.at_once};\n",
    }


def client_token(tokens: str) -> str | None:
    """Return the client's token in that file, or None where it holds none."""
    found = _CLIENT.search(tokens)
    return found[1] if found else None


def takes_rates(conf: str) -> bool:
    """Tell whether an edge with this configuration keeps to agreed rates: older ones do not."""
    return f"/etc/edge/tls/{RATES};" in conf


def _tokens(access: Access) -> str:
    """Return the lines of nginx's map from Authorization to a client."""
    named = {"client-1": access.token}
    if access.agreed is not None:
        named["probe"] = access.agreed.probe_token
    for client, token in named.items():
        if _TOKEN.fullmatch(token) is None:
            raise Refused(f"the token of {client} is not 32 to 128 characters of base64url")
    if len(set(named.values())) < len(named):
        raise Refused("the probe token is the client's: a probe must have a budget of its own")
    # A plain string in a map is compared without case: only the scheme may be.
    lines = (f'"~^(?i:bearer) +{token}$" {client};\n' for client, token in named.items())
    return "".join(lines)


def nginx_conf(model: str, *, host: str) -> str:
    """Return the whole configuration for one model. Every path is spelled out, none is a prefix.

    Each answer says in the header `modelbond-host` which host gave it.
    """
    if _MODEL_NAME.fullmatch(model) is None:
        raise Refused(f"{model[:63]!r} is not a model name")
    if _HOST_NAME.fullmatch(host) is None:
        raise Refused(f"{host[:63]!r} is not a host's name")
    roots = (f"/v2/models/{model}", f"/v2/models/{model}/versions/1")
    open_paths = ("/v2/health/live", "/v2/health/ready", *(f"{root}/ready" for root in roots))
    locations = [
        *(_location(path, method="GET", token=False) for path in open_paths),
        *(_location(root, method="GET", token=True) for root in roots),
        *(_location(f"{root}/infer", method="POST", token=True) for root in roots),
    ]
    return _FRAME.replace("@HOST@", host).replace("@LOCATIONS@", "".join(locations))


def edge_secret_object(workload: Workload, *, data: dict[str, str]) -> Json:
    """Return the host's own Secret: `data` is base64 of tls.key and, once signed, the rest."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata(workload, name=edge_secret(workload.order)),
        "type": "Opaque",
        "data": data,
    }


def _location(path: str, *, method: str, token: bool) -> str:
    # GET stands for HEAD too. The fixed upstream path keeps the client's own spelling out.
    allowed = "^(GET|HEAD)$" if method == "GET" else f"^{method}$"
    guard = _GUARD if token else _OPEN
    return (
        f"    location = {path} {{\n"
        f"{guard}"
        f"      if ($request_method !~ {allowed}) {{ return 405; }}\n"
        f"      proxy_pass http://triton{path};\n"
        "    }\n"
    )


_GUARD = f"""\
      if ($client = "") {{ return 401; }}
      include /etc/edge/tls/{LIMITS};
      limit_req zone=probes burst={2 * PROBES_PER_SECOND} nodelay;
      limit_req zone=probers burst={2 * PROBES_PER_ADDRESS} nodelay;
      limit_conn probing {PROBES_AT_ONCE};
"""

# Whoever asks without a token holds no connection for longer than a probe waits.
_OPEN = """\
      proxy_read_timeout 5s;
"""

_FRAME = f"""\
worker_processes 1;
worker_rlimit_nofile {CONNECTIONS * 2};
pid /tmp/nginx.pid;
error_log /dev/stderr warn;
# As long as an answer may take: a reload cuts none off.
worker_shutdown_timeout 300s;

events {{
  worker_connections {CONNECTIONS};
}}

http {{
  access_log off;
  server_tokens off;
  default_type text/plain;
  client_body_temp_path /tmp/client-body;
  proxy_temp_path /tmp/proxy;
  fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi;
  scgi_temp_path /tmp/scgi;
  client_max_body_size {BODY_LIMIT};
  # Handshake and headers: until they are complete a stranger holds a connection for nothing.
  client_header_timeout 5s;
  client_body_timeout 60s;
  keepalive_timeout 75s;

  map $http_authorization $client {{
    default "";
    include /etc/edge/tls/{TOKENS};
  }}
  # Whom which limit counts: an empty key is not counted.
  map $client $customer {{
    default $client;
    probe "";
  }}
  map $client $probe {{
    default "";
    probe all;
  }}
  map $client $prober {{
    default "";
    probe $binary_remote_addr;
  }}
  map $status $challenge {{
    default "";
    401 'Bearer realm="modelbond"';
  }}
  map $status $error {{
    401 "the token is missing or wrong";
    404 "no such path here";
    405 "this path does not take this method";
    413 "the body is larger than {BODY_LIMIT}";
    429 "too many requests for this token";
    default "the model does not answer";
  }}
  # By token, not by address: behind a node port all clients may have the node's.
  include /etc/edge/tls/{RATES};
  limit_req_zone $probe zone=probes:1m rate={PROBES_PER_SECOND}r/s;
  limit_req_zone $prober zone=probers:1m rate={PROBES_PER_ADDRESS}r/s;
  limit_req_status 429;
  limit_conn_zone $customer zone=requests:1m;
  limit_conn_zone $probe zone=probing:1m;
  limit_conn_status 429;

  # Triton waits for idle connections when it stops: they must not outlive the last request.
  upstream triton {{
    server 127.0.0.1:8000;
    keepalive 32;
    keepalive_timeout 2s;
  }}

  # A file named by a variable is read at each handshake: a new certificate needs no reload, which
  # would close connections that rest.
  map $ssl_server_name $pair {{
    default tls;
  }}

  server {{
    listen {EDGE_PORT} ssl;
    # Written by the edge's script: the same port on IPv6, where the node has it.
    include /tmp/listen.conf;
    ssl_certificate /etc/edge/tls/$pair.crt;
    ssl_certificate_key /etc/edge/tls/$pair.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:tls:1m;
    add_header WWW-Authenticate $challenge always;
    add_header modelbond-host @HOST@ always;

    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host triton;
    proxy_set_header Authorization "";
    proxy_connect_timeout 5s;
    proxy_read_timeout 300s;
    proxy_request_buffering off;
    # A slow reader slows Triton's answer down instead of filling the pod's disk.
    proxy_max_temp_file_size 0;

    error_page 401 404 405 413 429 502 504 @error;
    location @error {{
      default_type application/json;
      return 200 '{{"error":"$error"}}';
    }}

    location = {HEALTH_PATH} {{
      return 200 "ok\\n";
    }}
@LOCATIONS@    location / {{
      return 404;
    }}
  }}
}}
"""
