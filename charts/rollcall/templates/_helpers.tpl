{{/* The name of the chart, or the one given. */}}
{{- define "rollcall.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* What everything of this release is called. */}}
{{- define "rollcall.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "rollcall.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "rollcall.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What selects the pods; never changes in the life of a release. */}}
{{- define "rollcall.selectorLabels" -}}
app.kubernetes.io/name: {{ include "rollcall.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* The labels of every object. */}}
{{- define "rollcall.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "rollcall.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with omit .Values.commonLabels "helm.sh/chart" "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/version" "app.kubernetes.io/managed-by" }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The service account that the pods run under. */}}
{{- define "rollcall.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "rollcall.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name: name the account that the pods run under, or let the chart make one with serviceAccount.create=true" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* How the API server calls that account. */}}
{{- define "rollcall.userName" -}}
system:serviceaccount:{{ .Release.Namespace }}:{{ include "rollcall.serviceAccountName" . }}
{{- end -}}

{{/* The host in a URL, in lower case and without its port. */}}
{{- define "rollcall.hostOf" -}}
{{- (urlParse .).hostname | lower -}}
{{- end -}}

{{/* The address by which Entra ID reaches the operator: the one given, or that of the Ingress or the HTTPRoute. A tenant URL
     of Entra ID is always https. */}}
{{- define "rollcall.publicUrl" -}}
{{- if .Values.publicUrl -}}
{{- .Values.publicUrl | trimSuffix "/" -}}
{{- else if and .Values.ingress.enabled .Values.ingress.host -}}
https://{{ .Values.ingress.host }}
{{- else if and .Values.httpRoute.enabled .Values.httpRoute.hostname -}}
https://{{ .Values.httpRoute.hostname }}
{{- end -}}
{{- end -}}

{{/* The path that an Ingress or an HTTPRoute forwards. The operator takes requests with and without it. */}}
{{- define "rollcall.publicPath" -}}
{{- default "/" (urlParse (include "rollcall.publicUrl" .)).path -}}
{{- end -}}

{{/* The port of the Service for SCIM. */}}
{{- define "rollcall.servicePort" -}}
{{- .Values.service.port | default (ternary 443 80 (ne .Values.tls.secretName "")) -}}
{{- end -}}

{{/* The Service that leads to probes and metrics. One that the world reaches leads to SCIM alone. */}}
{{- define "rollcall.adminService" -}}
{{- $name := include "rollcall.fullname" . -}}
{{- if eq .Values.service.type "ClusterIP" }}{{ $name }}{{ else }}{{ $name | trunc 57 | trimSuffix "-" }}-admin{{ end -}}
{{- end -}}

{{/* The namespace of the objects that `helm test` makes: one that the operator looks after. */}}
{{- define "rollcall.testNamespace" -}}
{{- if or (empty .Values.namespaces) (has .Release.Namespace .Values.namespaces) -}}
{{- .Release.Namespace -}}
{{- else -}}
{{- first .Values.namespaces -}}
{{- end -}}
{{- end -}}

{{/* The image, by digest where there is one. */}}
{{- define "rollcall.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{/* The labels of the pod of `helm test`: no Service selects them. */}}
{{- define "rollcall.testLabels" -}}
app.kubernetes.io/name: {{ include "rollcall.name" . | trunc 58 | trimSuffix "-" }}-test
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Entries of values as a list of objects: their kind, and their name unless the entry has one. */}}
{{- define "rollcall.objects" -}}
{{- $kind := .kind -}}
{{- range $name, $entry := .entries }}
- {{- toYaml (merge (dict "kind" $kind) $entry (dict "name" $name)) | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Fails on a field that the schema does not have. Helm 3 lets the API server drop such fields in silence. */}}
{{- define "rollcall.checkFields" -}}
{{- if and (kindIs "map" .value) .schema.properties -}}
{{- range $name, $value := .value -}}
{{- if not (hasKey $.schema.properties $name) -}}
{{- fail (printf "%s.%s: there is no such field; there are %s" $.path $name (keys $.schema.properties | sortAlpha | join ", ")) -}}
{{- end -}}
{{- include "rollcall.checkFields" (dict "path" (printf "%s.%s" $.path $name) "schema" (get $.schema.properties $name) "value" $value) -}}
{{- end -}}
{{- else if and (kindIs "slice" .value) .schema.items -}}
{{- range $number, $value := .value -}}
{{- include "rollcall.checkFields" (dict "path" (printf "%s[%d]" $.path $number) "schema" $.schema.items "value" $value) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The port of an address, unless it is that of https, to which every policy opens the way; nothing for no address. */}}
{{- define "rollcall.portOf" -}}
{{- with . }}
{{- $url := urlParse . }}
{{- $port := splitList ":" $url.host | rest | first | default (ternary "443" "80" (eq $url.scheme "https")) }}
{{- if ne $port "443" }}{{ $port }}{{ end }}
{{- end }}
{{- end }}
