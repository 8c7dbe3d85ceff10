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

{{/* What changes in the spec of an object, and whether it is what the operator writes of keys: the hash of a secret that people asked
it to make, the end of a minted key, and the successor of one, which brings no hash of its own. */}}
{{- define "rollcall.guards.keyChanges" -}}
- name: spec
  expression: "object == null ? dyn({}) : dyn(object.spec)"
- name: oldSpec
  expression: "oldObject == null ? dyn({}) : dyn(oldObject.spec)"
- name: changed
  expression: >-
    variables.spec.filter(field, !(field in variables.oldSpec) || variables.spec[field] != variables.oldSpec[field])
    + variables.oldSpec.filter(field, !(field in variables.spec))
- name: sameMetadata
  expression: >-
    object != null && oldObject != null
    && (has(object.metadata.labels) ? object.metadata.labels : {}) == (has(oldObject.metadata.labels) ? oldObject.metadata.labels : {})
    && (has(object.metadata.annotations) ? object.metadata.annotations : {})
    == (has(oldObject.metadata.annotations) ? oldObject.metadata.annotations : {})
    && (has(object.metadata.ownerReferences) ? object.metadata.ownerReferences : [])
    == (has(oldObject.metadata.ownerReferences) ? oldObject.metadata.ownerReferences : [])
- name: isMinting
  expression: >-
    request.resource.resource == 'directorykeys' && request.operation == 'UPDATE' && variables.sameMetadata
    && (has(object.metadata.finalizers) ? object.metadata.finalizers : [])
    == (has(oldObject.metadata.finalizers) ? oldObject.metadata.finalizers : [])
    && 'mint' in variables.oldSpec && variables.changed.size() == 1
    && variables.changed.all(field, field in ['sha256', 'expiresAt'] && !(field in variables.oldSpec))
- name: isSuccessor
  expression: >-
    request.resource.resource == 'directorykeys' && request.operation == 'CREATE' && 'mint' in variables.spec
    && variables.spec.all(field, field in ['directoryRef', 'mint', 'scopes', 'displayName', 'description'])
    && object.metadata.name.matches('-[0-9]+$')
    && has(object.metadata.annotations) && 'rollcall.dev/predecessor' in object.metadata.annotations
    && has(object.metadata.ownerReferences) && object.metadata.ownerReferences.size() == 1
    && object.metadata.ownerReferences[0].kind == 'Directory'
    && object.metadata.ownerReferences[0].name == variables.spec['directoryRef']['name']
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
