# One image for the four services, the migrations, the simulated venue and the command line:
#   docker run polyarb -m services.scanner
FROM python:3.13-slim AS build

RUN python -m venv /opt/venv
COPY requirements.txt .
# coincurve, uvloop and the rest come as wheels: nothing is compiled, nothing is unpinned.
RUN /opt/venv/bin/python -m pip install --no-cache-dir --no-compile --require-hashes -r requirements.txt \
    && /opt/venv/bin/python -m pip uninstall -q -y pip
COPY polyarb /app/polyarb
COPY services /app/services
# The root file system is read-only at run time, so byte code is written here. Content-checked, it
# does not depend on the time of the build.
RUN python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/venv/lib /app


FROM python:3.13-slim

COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
RUN mkdir /data && chown 10001:10001 /data
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
USER 10001:10001
ENTRYPOINT ["python"]
CMD ["-m", "polyarb.cli", "--help"]
