using Stip.Onnx.Execution;
using Stip.Onnx.Packages;
using Stip.Onnx.Protection;
using Stip.Onnx.Protection.Cut;

namespace Stip.Onnx.Running;

/// <summary>A whole model in one process: the tensors that the plain model takes in, those that it gives out.</summary>
public static class WholeModel
{
    /// <summary>Runs a folder of export, a package with all its parts, or an ONNX file.</summary>
    /// <param name="path">The folder or file.</param>
    /// <param name="inputs">By the plain model's names.</param>
    /// <param name="passphrase">Opens encrypted owner keys.</param>
    /// <returns>Outputs under the plain names, in the plain order and layout.</returns>
    /// <exception cref="RefusedException">There is no model, or it does not take these inputs.</exception>
    public static IReadOnlyList<(string Name, HostTensor Tensor)> Run(
        string path, IReadOnlyDictionary<string, HostTensor> inputs, string? passphrase = null)
    {
        if (File.Exists(path))
        {
            return GraphRun.Run(path, inputs);
        }

        if (!Directory.Exists(path))
        {
            throw new RefusedException(
                $"{path} is not there; --model names a folder of export or of protect, or an ONNX file");
        }

        if (!PackageFolder.IsPackage(path) && !ExportFolder.Exists(path)
            && Directory.GetFiles(path, "*.onnx") is [var only])
        {
            return GraphRun.Run(only, inputs);
        }

        using IModelSide side = PackageFolder.IsPackage(path)
            ? ProtectedModel.Open(path, passphrase)
            : EncoderDecoderFolder.Is(path) && !ExportFolder.Exists(path) ? new SequenceSide(path)
            : new ExportedSide(path);
        return Run(side, inputs);
    }

    internal static IReadOnlyList<(string Name, HostTensor Tensor)> Run(
        IModelSide side, IReadOnlyDictionary<string, HostTensor> inputs) => side switch
        {
            { Kind: ModelKinds.VisionLanguage } => ImageTextRun.Run(side, inputs),
            { Kind: ModelKinds.EncoderDecoder } => SequenceRun.Run(side, inputs),
            { HasSharedCache: true } => DecoderRun.Run(side, inputs),
            _ => PassRunner.Run(side, inputs),
        };
}
