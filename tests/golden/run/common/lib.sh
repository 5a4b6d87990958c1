# A transcript: the command, its standard output, its standard error with `! ` before each line, its exit status.
ent() {
    echo "\$ entente $*"
    "$ENTENTE" "$@" >.out 2>.err
    ent_status=$?
    cat .out
    sed 's/^/! /' .err
    echo "[exit $ent_status]"
}
