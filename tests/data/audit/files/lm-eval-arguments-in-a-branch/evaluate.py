import sys

import lm_eval

told = "pretrained=mistralai/Mistral-7B-v0.1"
if sys.argv[1] == "int8":
    told = "pretrained=mistralai/Mistral-7B-v0.1,load_in_8bit=True"
print(lm_eval.simple_evaluate(model="hf", model_args=told, tasks=["arc_easy"])["results"])
