{{- /* The operator has one name in every cluster: `modelbond invite` and `join` bind rights to it. */ -}}
{{- define "modelbond.fullname" -}}
modelbond-operator
{{- end }}

{{- define "modelbond.selector" -}}
app.kubernetes.io/name: modelbond
app.kubernetes.io/component: operator
{{- end }}

{{- define "modelbond.watcherSelector" -}}
app.kubernetes.io/name: modelbond
app.kubernetes.io/component: watcher
{{- end }}

{{- define "modelbond.labels" -}}
{{ include "modelbond.selector" . }}
{{ include "modelbond.releaseLabels" . }}
{{- end }}

{{- define "modelbond.watcherLabels" -}}
{{ include "modelbond.watcherSelector" . }}
{{ include "modelbond.releaseLabels" . }}
{{- end }}

{{- define "modelbond.releaseLabels" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "modelbond.image" -}}
{{- $repository := required "image.repository: say where you pushed the operator's image" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{ $repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ $repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "modelbond.account" -}}
kind: ServiceAccount
name: {{ include "modelbond.fullname" . }}
namespace: {{ .Release.Namespace }}
{{- end }}
