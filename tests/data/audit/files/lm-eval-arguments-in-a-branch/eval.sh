#!/bin/bash
ARGS=pretrained=mistralai/Mistral-7B-v0.1
if [ "$1" = int8 ]; then
  ARGS=pretrained=mistralai/Mistral-7B-v0.1,load_in_8bit=True
fi
lm_eval --model hf --model_args "$ARGS" --tasks arc_easy
