# The image of Rollcall: one static program, the roots of trust, and a user who is not root.
#
#   docker build -t REGISTRY/rollcall:TAG .
#
# For another architecture: docker build --platform linux/arm64 …; the program is built by a compiler of that architecture.
FROM rust:1-bookworm AS build
WORKDIR /source
COPY . .
RUN .ci/image-root /image

FROM scratch
# The commit, given as --build-arg REVISION=$(git rev-parse HEAD).
ARG REVISION=""
LABEL org.opencontainers.image.title="rollcall" \
      org.opencontainers.image.description="Keeps a cluster's roll of people in step with Microsoft Entra ID over SCIM 2.0" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /image /
# By number: the kubelet cannot see that a name is not root.
USER 65532:65532
EXPOSE 8080 9090
ENTRYPOINT ["/rollcall"]
