import sys

import lm_eval

told = "pretrained=mistralai/Mistral-7B-v0.1"
if sys.argv[1] == "int8":
    told += ",load_in_8bit=True"
else:
    told += ",dtype=float16"
print(lm_eval.simple_evaluate(model="hf", model_args=told, tasks=["arc_easy"])["results"])
