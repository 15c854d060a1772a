{{- define "polyarb.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "polyarb.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "polyarb.name" .) .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "polyarb.name" .) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* What identifies pods; never changes after an install. Takes root, component. */}}
{{- define "polyarb.selectorLabels" -}}
app.kubernetes.io/name: {{ include "polyarb.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* All labels of one component's objects. Takes root, component. */}}
{{- define "polyarb.labels" -}}
{{ include "polyarb.selectorLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: polyarb
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Name of one component's objects. Takes root, component. */}}
{{- define "polyarb.componentName" -}}
{{ include "polyarb.fullname" .root }}-{{ .component }}
{{- end }}

{{/* name, namespace and labels of one component's object. Takes root, component. */}}
{{- define "polyarb.metadata" -}}
name: {{ include "polyarb.componentName" . }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "polyarb.labels" . | nindent 2 }}
{{- end }}

{{- define "polyarb.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/*
What every component is and whom it calls: the one place where the shape of the system is written.
Ports, addresses and network policies are all rendered from it. "venue" and "chain" stand for the
outside, or for the simulator.
*/}}
{{- define "polyarb.graph" -}}
scanner:
  kind: StatefulSet
  rpc: polyarb.v1.ScannerService
  ports: {grpc: 50051, metrics: 9101}
  calls: [venue]
risk:
  kind: Deployment
  rpc: polyarb.v1.RiskService
  ports: {grpc: 50052, metrics: 9102}
  calls: [scanner, executor, ledger]
executor:
  kind: Deployment
  rpc: polyarb.v1.ExecutorService
  ports: {grpc: 50053, metrics: 9103}
  calls: [venue, chain, ledger]
ledger:
  kind: Deployment
  rpc: polyarb.v1.LedgerService
  ports: {grpc: 50054, metrics: 9104}
  calls: [postgres]
cli:
  calls: [scanner, risk, executor, ledger]
{{- if .Values.simulator.enabled }}
simulator:
  ports: {http: 8790}
  calls: []
{{- end }}
{{- if .Values.postgres.bundled }}
postgres:
  ports: {postgres: 5432}
  calls: []
{{- end }}
{{- end }}

{{/* The same for pods of all components: nothing that the restricted profile forbids. */}}
{{- define "polyarb.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .uid }}
  runAsGroup: {{ .uid }}
  fsGroup: {{ .uid }}
  seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "polyarb.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{/* Where the operator wants pods to run, and with which registry credentials. */}}
{{- define "polyarb.placement" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Environment of one service as a YAML map. The chart's own facts win over the operator's. Takes root, component. */}}
{{- define "polyarb.environment" -}}
{{- $root := .root }}
{{- $graph := include "polyarb.graph" $root | fromYaml }}
{{- $node := get $graph .component }}
{{- $env := dict
  "POLYARB_MODE" $root.Values.mode
  "POLYARB_VENUE" (ternary "simulated" "polymarket" $root.Values.simulator.enabled)
  "POLYARB_HOST" "0.0.0.0"
  "POLYARB_LOG_FORMAT" "json"
  "POLYARB_LOG_FOLDER" "/tmp/logs"
  (printf "POLYARB_%s_PORT" (upper .component)) ($node.ports.grpc | toString)
  (printf "POLYARB_%s_METRICS_PORT" (upper .component)) ($node.ports.metrics | toString) }}
{{- range $callee := $node.calls }}
{{- $peer := get $graph $callee }}
{{- if and $peer (hasKey $peer "rpc") }}
{{- $host := include "polyarb.componentName" (dict "root" $root "component" $callee) }}
{{- $addresses := list (printf "%s:%v" $host $peer.ports.grpc) }}
{{- if eq $peer.kind "StatefulSet" }}
{{- /* Every shard by its own name: one address of several would be one shard. */}}
{{- $addresses = list }}
{{- range $shard := until (int (get $root.Values.services $callee).replicaCount) }}
{{- $addresses = append $addresses (printf "%s-%d.%s:%v" $host $shard $host $peer.ports.grpc) }}
{{- end }}
{{- end }}
{{- $_ := set $env (printf "POLYARB_%s_ADDRESS" (upper $callee)) (join "," $addresses) }}
{{- end }}
{{- end }}
{{- if $root.Values.simulator.enabled }}
{{- $_ := set $env "POLYARB_SIMULATOR_HOST" (include "polyarb.componentName" (dict "root" $root "component" "simulator")) }}
{{- $_ := set $env "POLYARB_SIMULATOR_PORT" ($graph.simulator.ports.http | toString) }}
{{- end }}
{{- if eq .component "ledger" }}
{{- if $root.Values.postgres.bundled }}
{{- $_ := set $env "DATABASE_URL" (printf "postgresql://polyarb@%s:5432/polyarb" (include "polyarb.componentName" (dict "root" $root "component" "postgres"))) }}
{{- else }}
{{- $_ := set $env "DATABASE_URL_FILE" "/run/secrets/database/url" }}
{{- end }}
{{- end }}
{{- if and (eq .component "executor") $root.Values.wallet.existingSecret }}
{{- $_ := set $env "POLYMARKET_PRIVATE_KEY_FILE" "/run/secrets/wallet/private-key" }}
{{- end }}
{{- $service := get $root.Values.services .component }}
{{- mergeOverwrite (dict) $root.Values.config $service.config $env | toYaml }}
{{- end }}
