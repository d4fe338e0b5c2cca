# An image with r1 and the model that ships; docs/install.md shows how to use it.
#   DOCKER_BUILDKIT=1 docker build -t r1 .
FROM debian:12-slim AS build
WORKDIR /r1
COPY scripts/packages.txt scripts/packages.txt
RUN apt-get update && sed 's/#.*//' scripts/packages.txt | xargs apt-get install -y --no-install-recommends dpkg-dev file
COPY . .
RUN cmake --preset release && ninja -C build/release r1 r1_shared && cpack --config build/release/CPackConfig.cmake -B build

FROM debian:12-slim
RUN --mount=type=bind,from=build,source=/r1/build,target=/build \
    apt-get update && apt-get install -y --no-install-recommends ca-certificates /build/r1_*.deb && \
    rm -rf /var/lib/apt/lists/* && useradd --create-home r1
USER r1
EXPOSE 8080
# In a container the server listens on every address, so it wants an API key: -e R1_API_KEY=...
CMD ["r1", "serve", "--host", "0.0.0.0"]
