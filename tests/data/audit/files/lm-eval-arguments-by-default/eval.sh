#!/bin/bash
lm_eval --model hf --model_args "${ARGS:-pretrained=mistralai/Mistral-7B-v0.1,load_in_8bit=True}" --tasks arc_easy
lm_eval --model hf --model_args "pretrained=mistralai/Mistral-7B-v0.1,load_in_8bit=${INT8:-True}" --tasks arc_easy
