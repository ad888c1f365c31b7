using System.CommandLine;
using Stip.Export.Running;
using Stip.Keys.Owner;
using Stip.Onnx.Running;

namespace Stip.Export.Commands;

/// <summary><c>run</c>: a whole model in one process, to compare it with a reference.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var model = new Option<string>("--model")
        {
            Required = true,
            Description = "Folder of export or of protect, or an ONNX file.",
        };
        var inputs = new Option<string>("--inputs")
        {
            Required = true,
            Description = "Safetensors file with the model's inputs.",
        };
        var output = new Option<string>("--output") { Required = true, Description = "Safetensors file to write." };
        var command = new Command("run", "Runs a model once and writes every tensor it gives.")
        {
            model, inputs, output,
        };
        command.SetAction(parsed =>
        {
            var tensors = TensorFile.Read(parsed.GetRequiredValue(inputs));
            var results = WholeModel.Run(
                parsed.GetRequiredValue(model),
                tensors,
                Environment.GetEnvironmentVariable(OwnerStore.PassphraseVariable));
            TensorFile.Write(parsed.GetRequiredValue(output), results);
        });
        return command;
    }
}
