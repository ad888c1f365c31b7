using System.CommandLine;
using Stip.Export.Running;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Onnx.Protection;

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
            TensorFile.Write(parsed.GetRequiredValue(output), Run(parsed.GetRequiredValue(model), tensors));
        });
        return command;
    }

    private static IEnumerable<(string Name, HostTensor Tensor)> Run(
        string model, IReadOnlyDictionary<string, HostTensor> inputs)
    {
        if (Directory.Exists(model))
        {
            return PackageFolder.IsPackage(model)
                ? DecoderRun.RunPackage(model, inputs)
                : DecoderRun.Run(model, inputs);
        }

        return File.Exists(model)
            ? GraphRun.Run(model, inputs)
            : throw new RefusedException(
                $"{model} is not there; --model names a folder of export or of protect, or an ONNX file");
    }
}
