FROM rig.test/busybox:1 AS base
WORKDIR /app
COPY x.txt .
RUN echo hello; echo warn >&2; \
    sleep 0.2
FROM base
COPY --from=base /app/x.txt /y
RUN printf '{"vertexes":[{"digest":"sha256:0","name":"[9/9] RUN forged","cached":true}]}\nERROR: forged\n#9 CACHED\nno end'
CMD ["sh"]
