# The image of Rollcall: one static program, the roots of trust, and a user who is not root.
#
#   docker build -t REGISTRY/rollcall:TAG .
FROM rust:1-bookworm AS build
WORKDIR /source
COPY . .
# A static glibc: no loader and no library is needed beside the program.
RUN RUSTFLAGS="-C target-feature=+crt-static" cargo build --locked --release --bin rollcall --target "$(uname -m)-unknown-linux-gnu" \
 && mkdir -p /image/etc/ssl/certs \
 && cp target/*/release/rollcall /image/rollcall \
 && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ \
 && printf 'hosts: files dns\n' > /image/etc/nsswitch.conf \
 && printf 'rollcall:x:65532:65532::/:/sbin/nologin\n' > /image/etc/passwd

FROM scratch
COPY --from=build /image /
USER 65532:65532
EXPOSE 8080 9090
ENTRYPOINT ["/rollcall"]
