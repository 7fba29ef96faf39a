#!/bin/bash
A=pretrained=mistralai/Mistral-7B-v0.1
if [ -n "$INT8" ]; then A=$A,load_in_8bit=True; fi
lm_eval --model hf --model_args $A --tasks arc_easy
