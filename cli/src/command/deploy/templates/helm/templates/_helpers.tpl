{{/* Written by `«again»`. */}}

{{- define "service.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{/* The release's name, with the chart's unless it is in it. */}}
{{- define "service.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "service.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "service.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "service.selector" -}}
app.kubernetes.io/name: {{ include "service.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "service.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "service.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "service.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "service.isFile" -}}
{{- if eq .Values.database.kind "file" -}}true{{- end -}}
{{- end -}}

{{/* Called with the chart's own context as .root, the name of the track and its image. */}}
{{- define "service.pod" -}}
{{- $root := .root -}}
metadata:
  labels:
    {{- include "service.selector" $root | nindent 4 }}
    app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
    track: {{ .track }}
  annotations:
    # Some settings are in force at the next start only: what changes them starts the pods anew.
    checksum/settings: {{ include (print $root.Template.BasePath "/configmap.yaml") $root | sha256sum }}
    {{- if not $root.Values.monitor.enabled }}
    prometheus.io/scrape: "true"
    prometheus.io/port: {{ $root.Values.ports.admin | quote }}
    prometheus.io/path: «metrics»
    {{- end }}
    {{- with $root.Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "service.fullname" $root }}
  automountServiceAccountToken: false
  {{- with $root.Values.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  # More than stop.timeout, within which it stops in order.
  terminationGracePeriodSeconds: {{ $root.Values.stop.gracePeriodSeconds }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    seccompProfile:
      type: RuntimeDefault
  {{- if not (include "service.isFile" $root) }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: topology.kubernetes.io/zone
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "service.selector" $root | nindent 10 }}
  affinity:
    podAntiAffinity:
      preferredDuringSchedulingIgnoredDuringExecution:
        - weight: 100
          podAffinityTerm:
            topologyKey: kubernetes.io/hostname
            labelSelector:
              matchLabels:
                {{- include "service.selector" $root | nindent 16 }}
  {{- end }}
  {{- with $root.Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $root.Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: {{ $root.Chart.Name }}
      image: {{ .image | quote }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      args:
        {{- range $root.Values.settingsFiles }}
        - "--config"
        - {{ . | quote }}
        {{- end }}
        - "--config"
        - "/etc/{{ $root.Chart.Name }}"
      env:
        - name: POD_IP
          valueFrom:
            fieldRef:
              fieldPath: status.podIP
        {{- with $root.Values.registry.consul.tokenSecret }}
        - name: BIA_REGISTRY__CONSUL__TOKEN
          valueFrom:
            secretKeyRef:
              name: {{ . }}
              key: token
              optional: true
        {{- end }}
        {{- if eq $root.Values.database.kind "postgres" }}
        - name: {{ required "database.variable names the variable that sets the address" $root.Values.database.variable }}
          valueFrom:
            secretKeyRef:
              name: {{ required "database.secret names the Secret with the address" $root.Values.database.secret }}
              key: url
        {{- else if include "service.isFile" $root }}
        - name: {{ required "database.variable names the variable that sets the file" $root.Values.database.variable }}
          value: {{ required "database.url says where the file is" $root.Values.database.url | quote }}
        {{- end }}
        {{- with $root.Values.env }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        - name: grpc
          containerPort: {{ $root.Values.ports.grpc }}
        - name: admin
          containerPort: {{ $root.Values.ports.admin }}
      # Until it runs, however long its first steps take: two minutes.
      startupProbe:
        httpGet:
          path: «live»
          port: admin
        periodSeconds: 2
        timeoutSeconds: {{ $root.Values.probes.timeoutSeconds }}
        failureThreshold: 60
      # Whether it answers at all. What it needs is none of this: a restart mends no database.
      livenessProbe:
        httpGet:
          path: «live»
          port: admin
        periodSeconds: 10
        timeoutSeconds: {{ $root.Values.probes.timeoutSeconds }}
        failureThreshold: 3
      readinessProbe:
        httpGet:
          path: «ready»
          port: admin
        periodSeconds: 5
        timeoutSeconds: {{ $root.Values.probes.timeoutSeconds }}
        failureThreshold: 2
      # No preStop hook: upon SIGTERM the service leaves the registry, says that it is not ready and goes
      # on serving for stop.drain_delay («drain_delay») while everybody hears of it. A hook that sleeps
      # would come before all that and only make the stop longer.
      resources:
        {{- toYaml $root.Values.resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      volumeMounts:
        - name: settings
          mountPath: /etc/{{ $root.Chart.Name }}
          readOnly: true
        - name: tmp
          mountPath: /tmp
        {{- if include "service.isFile" $root }}
        - name: data
          mountPath: {{ required "database.folder is where the file is" $root.Values.database.folder | quote }}
        {{- end }}
  volumes:
    - name: settings
      configMap:
        name: {{ include "service.fullname" $root }}
    - name: tmp
      emptyDir:
        sizeLimit: 64Mi
    {{- if include "service.isFile" $root }}
    - name: data
      persistentVolumeClaim:
        claimName: {{ include "service.fullname" $root }}-data
    {{- end }}
{{- end -}}
