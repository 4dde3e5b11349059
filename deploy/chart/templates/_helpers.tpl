{{- define "ringback.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- /* The job of its metrics: the rules look for names that begin with "ringback". */ -}}
{{- define "ringback.job" -}}
{{- $name := include "ringback.fullname" . -}}
{{- if hasPrefix "ringback" $name -}}{{- $name -}}{{- else -}}{{- printf "ringback-%s" $name -}}{{- end -}}
{{- end -}}

{{- define "ringback.image" -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}

{{- /* All below take (list root component). */ -}}
{{- define "ringback.name" -}}
{{- printf "%s-%s" (include "ringback.fullname" (index . 0)) (index . 1) -}}
{{- end -}}

{{- define "ringback.selector" -}}
app.kubernetes.io/name: {{ (index . 0).Chart.Name }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "ringback.labels" -}}
{{ include "ringback.selector" . }}
app.kubernetes.io/part-of: ringback
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
{{- end -}}

{{- define "ringback.isSasl" -}}
{{- if hasPrefix "SASL" .Values.kafka.securityProtocol }}true{{ end -}}
{{- end -}}

{{- define "ringback.isEncrypted" -}}
{{- if hasSuffix "SSL" .Values.kafka.securityProtocol }}true{{ end -}}
{{- end -}}

{{- define "ringback.user" -}}
{{- $root := index . 0 -}}{{- $user := get $root.Values.kafka.users (index . 1) -}}
{{- if $user.username -}}{{- $user.username -}}
{{- else if $root.Values.strimzi.enabled -}}{{- include "ringback.name" . -}}
{{- else -}}{{- fail (printf "kafka.users.%s.username is needed with kafka.saslMechanism %s" (index . 1) $root.Values.kafka.saslMechanism) -}}
{{- end -}}
{{- end -}}

{{- define "ringback.secret" -}}
{{- $root := index . 0 -}}{{- $user := get $root.Values.kafka.users (index . 1) -}}
{{- if $user.secret -}}{{- $user.secret -}}
{{- else if $root.Values.strimzi.enabled -}}{{- include "ringback.name" . -}}
{{- else if ne $root.Values.kafka.saslMechanism "OAUTHBEARER" -}}
{{- fail (printf "kafka.users.%s.secret is needed with kafka.securityProtocol %s" (index . 1) $root.Values.kafka.securityProtocol) -}}
{{- end -}}
{{- end -}}

{{- define "ringback.needsSecret" -}}
{{- if or (include "ringback.isSasl" .) .Values.kafka.clientCertificate }}true{{ end -}}
{{- end -}}

{{- define "ringback.caSecret" -}}
{{- if include "ringback.isEncrypted" . -}}
{{- if .Values.kafka.caSecret -}}{{- .Values.kafka.caSecret -}}
{{- else if .Values.strimzi.enabled -}}{{- .Values.strimzi.cluster -}}-cluster-ca-cert
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "ringback.kafkaEnv" -}}
{{- $root := index . 0 -}}{{- $kafka := $root.Values.kafka -}}
- {name: RINGBACK_BROKER, value: {{ $kafka.bootstrap | quote }}}
- {name: RINGBACK_PREFIX, value: {{ $root.Values.prefix | quote }}}
- {name: RINGBACK_APP, value: {{ $root.Values.app | quote }}}
- {name: RINGBACK_SECURITY_PROTOCOL, value: {{ $kafka.securityProtocol }}}
{{- if include "ringback.caSecret" $root }}
- {name: RINGBACK_TLS_CA_FILE, value: /run/secrets/ringback/ca/{{ $kafka.caKey }}}
{{- end }}
{{- if $kafka.clientCertificate }}
- {name: RINGBACK_TLS_CERT_FILE, value: /run/secrets/ringback/user/{{ $kafka.certificateKey }}}
- {name: RINGBACK_TLS_KEY_FILE, value: /run/secrets/ringback/user/{{ $kafka.privateKeyKey }}}
{{- end }}
{{- if include "ringback.isSasl" $root }}
- {name: RINGBACK_SASL_MECHANISM, value: {{ $kafka.saslMechanism }}}
{{- if ne $kafka.saslMechanism "OAUTHBEARER" }}
- {name: RINGBACK_SASL_USERNAME, value: {{ include "ringback.user" . | quote }}}
- {name: RINGBACK_SASL_PASSWORD_FILE, value: /run/secrets/ringback/user/{{ $kafka.passwordKey }}}
{{- else if include "ringback.secret" . }}
- {name: RINGBACK_OAUTH_CLIENT_SECRET_FILE, value: /run/secrets/ringback/user/{{ $kafka.clientSecretKey }}}
{{- end }}
{{- end }}
{{- end -}}

{{- /* (list settings more...): later ones count. */ -}}
{{- define "ringback.settingsEnv" -}}
{{- $all := dict -}}
{{- range . }}{{- $all = mergeOverwrite $all (deepCopy .) }}{{- end -}}
{{- range $name, $value := $all }}
- {name: RINGBACK_{{ upper $name }}, value: {{ if kindIs "string" $value }}{{ $value | quote }}{{ else }}{{ $value | toJson | quote }}{{ end }}}
{{- end }}
{{- end -}}

{{- define "ringback.secretMounts" -}}
{{- $root := index . 0 -}}
{{- if and (include "ringback.needsSecret" $root) (include "ringback.secret" .) }}
- {name: kafka-user, mountPath: /run/secrets/ringback/user, readOnly: true}
{{- end }}
{{- if include "ringback.caSecret" $root }}
- {name: kafka-ca, mountPath: /run/secrets/ringback/ca, readOnly: true}
{{- end }}
{{- end -}}

{{- define "ringback.secretVolumes" -}}
{{- $root := index . 0 -}}
{{- if and (include "ringback.needsSecret" $root) (include "ringback.secret" .) }}
- name: kafka-user
  secret: {secretName: {{ include "ringback.secret" . }}, defaultMode: 0440}
{{- end }}
{{- if include "ringback.caSecret" $root }}
- name: kafka-ca
  secret: {secretName: {{ include "ringback.caSecret" $root }}, defaultMode: 0444}
{{- end }}
{{- end -}}

{{- define "ringback.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "ringback.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "ringback.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "ringback.placement" -}}
{{- with .nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
