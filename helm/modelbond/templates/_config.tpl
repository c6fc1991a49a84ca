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
{{- if not (and .rpcs.secret .rpcs.names) }}
{{- fail "chain.rpcs: name the Secret with the RPCs' URLs, and which of its entries to use" }}
{{- end }}
chain:
  deployment: /etc/modelbond-chain/deployment.json
  ledgers: /var/lib/modelbond/ledgers
  rpcs:
    {{- range .rpcs.names }}
    - {name: {{ . }}, urlFile: /etc/modelbond-rpcs/{{ . }}}
    {{- end }}
  towers: {{ toJson .towers }}
  watchers: {{ toJson .watchers }}
  pollSeconds: {{ .pollSeconds }}
  blockAgeSeconds: {{ .blockAgeSeconds }}
  {{- if .hostKey.secret }}
  bond: {target: {{ .bond.target | quote }}, withdrawSeconds: {{ int .bond.withdrawSeconds }}}
  hostKey:
    file: /etc/modelbond-key/{{ .hostKey.entry }}
    {{- with .hostKey.password }}
    passwordFile: /etc/modelbond-key/{{ . }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- /* Where ledgers are kept. */ -}}
{{- define "modelbond.ledgers" -}}
{{ .Values.chain.ledgers.claim | default "modelbond-ledgers" }}
{{- end }}
