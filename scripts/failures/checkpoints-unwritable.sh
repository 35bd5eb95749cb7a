# Something else lies where the folder of checkpoints should be, as after a mount that went wrong.
rm -rf "$DATA_DIR/checkpoints"
touch "$DATA_DIR/checkpoints"
