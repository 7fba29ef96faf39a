import argparse

import lm_eval

parser = argparse.ArgumentParser()
parser.add_argument("--args", default="pretrained=mistralai/Mistral-7B-v0.1,load_in_8bit=True")
options = parser.parse_args()
print(lm_eval.simple_evaluate(model="hf", model_args=options.args, tasks=["arc_easy"])["results"])
