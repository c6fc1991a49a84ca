{{- /* The operator's configuration, as operator/modelbond/api/config.py reads it. */ -}}
{{- define "modelbond.config" -}}
roles: {{ toJson .Values.roles }}
namespace: {{ .Release.Namespace }}
{{- if has "home" .Values.roles }}
home: {{- toYaml .Values.home | nindent 2 }}
{{- end }}
{{- if has "host" .Values.roles }}
{{- $_ := required "host.owner: say who owns this cluster, or leave host out of roles" .Values.host.owner }}
host:
  edgeImage: {{ include "modelbond.image" . }}
  {{- toYaml .Values.host | nindent 2 }}
{{- end }}
{{- with .Values.chain }}
{{- if .deployment.configMap }}
chain:
  {{- include "modelbond.chain" $ | nindent 2 }}
  ledgers: /var/lib/modelbond/ledgers
  towers: {{ toJson .towers }}
  watchers: {{ toJson .watchers }}
  {{- if .hostKey.secret }}
  bond: {target: {{ .bond.target | quote }}, withdrawSeconds: {{ int .bond.withdrawSeconds }}, takeBack: {{ .bond.takeBack }}}
  hostKey:
    file: /etc/modelbond-key/{{ .hostKey.entry }}
    {{- with .hostKey.password }}
    passwordFile: /etc/modelbond-key/{{ . }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- /* What operator and watcher need to know of the chain. */ -}}
{{- define "modelbond.chain" -}}
{{- with .Values.chain }}
{{- if not (and .rpcs.secret .rpcs.names) }}
{{- fail "chain.rpcs: name the Secret with the RPCs' URLs, and which of its entries to use" }}
{{- end -}}
deployment: /etc/modelbond-chain/deployment.json
rpcs:
  {{- range .rpcs.names }}
  - {name: {{ . }}, urlFile: /etc/modelbond-rpcs/{{ . }}}
  {{- end }}
pollSeconds: {{ .pollSeconds }}
blockAgeSeconds: {{ .blockAgeSeconds }}
{{- end }}
{{- end }}

{{- /* The watcher's configuration, as operator/modelbond/watcher/config.py reads it. */ -}}
{{- define "modelbond.watcherConfig" -}}
{{- if not .Values.chain.deployment.configMap }}
{{- fail "watcher: it acts on leases alone: name chain.deployment.configMap and chain.rpcs" }}
{{- end }}
{{- with .Values.watcher }}
{{- $_ := required "watcher.keys.secret: name the Secret with the watcher's keys" .keys.secret }}
{{- if not .homes }}
{{- fail "watcher.homes: name the Secrets that `modelbond invite --watcher` printed" }}
{{- end -}}
state: /var/lib/modelbond-watcher/state
chain:
  {{- include "modelbond.chain" $ | nindent 2 }}
  ledgers: /var/lib/modelbond-watcher/sent
attestingKey: {file: /etc/modelbond-keys/{{ .keys.attesting }}}
{{- with .keys.paying }}
payingKey: {file: /etc/modelbond-keys/{{ . }}}
{{- end }}
listen: {port: 8440}
metricsPort: 8080
peers: {{ toJson .peers }}
homes:
  {{- range .homes }}
  - {name: {{ trimPrefix "watch-" . }}, invitation: /etc/modelbond-homes/{{ . }}}
  {{- end }}
privateRanges: {{ toJson .privateRanges }}
retentionSeconds: {{ int64 .retentionSeconds }}
lookSeconds: {{ .lookSeconds }}
{{- end }}
{{- end }}

{{- /* Where ledgers are kept. */ -}}
{{- define "modelbond.ledgers" -}}
{{ .Values.chain.ledgers.claim | default "modelbond-ledgers" }}
{{- end }}
