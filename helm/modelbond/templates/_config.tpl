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
{{- end }}
