{{/* What a guard is called; its binding is called the same. */}}
{{- define "rollcall.guards.metadata" -}}
name: {{ include "rollcall.fullname" .root }}-{{ .guard }}
labels:
  {{- include "rollcall.labels" .root | nindent 2 }}
{{- end -}}

{{/* Who asks. Every variable is computed when an expression first needs it, so that a write of the operator costs a comparison. */}}
{{- define "rollcall.guards.variables" -}}
- name: isOperator
  expression: request.userInfo.username == '{{ include "rollcall.userName" . }}'
# The namespace controller, the garbage collector and the migration of stored versions, by their own accounts or that of all
# controllers. Other accounts of kube-system are add-ons, which are nobody special.
- name: isControlPlane
  expression: >-
    request.userInfo.username in ['system:kube-controller-manager', 'system:serviceaccount:kube-system:namespace-controller',
    'system:serviceaccount:kube-system:generic-garbage-collector',
    'system:serviceaccount:kube-system:storage-version-migrator-controller']
# Break-glass and restores. `verbs: ["*"]` holds this verb too, and so does cluster-admin.
- name: mayOverride
  expression: >-
    authorizer.group('rollcall.dev').resource(request.resource.resource).namespace(request.namespace).check('override').allowed()
{{- end -}}

{{/* How a message ends: who may do it all the same. */}}
{{- define "rollcall.guards.override" -}}
Break-glass and restores: the verb override on {{ .resource }}, which the ClusterRole {{ include "rollcall.fullname" .root }}-override grants.
{{- end -}}

{{/* Where a guard is in force: in the namespaces of the release. */}}
{{- define "rollcall.guards.binding" -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  {{- include "rollcall.guards.metadata" . | nindent 2 }}
spec:
  policyName: {{ include "rollcall.fullname" .root }}-{{ .guard }}
  validationActions: [Deny]
  {{- with .root.Values.namespaces }}
  matchResources:
    namespaceSelector:
      matchExpressions:
        - key: kubernetes.io/metadata.name
          operator: In
          values:
            {{- toYaml . | nindent 12 }}
  {{- end }}
{{- end -}}
