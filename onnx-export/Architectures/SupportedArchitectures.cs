using Stip.Export.Checkpoints;
using Stip.Onnx;

namespace Stip.Export.Architectures;

/// <summary>The families that can be exported.</summary>
internal static class SupportedArchitectures
{
    private static readonly IArchitecture[] All = [new Llama(), new Gpt2()];

    /// <summary>Finds the family that config.json names.</summary>
    public static IArchitecture Of(ConfigJson config)
    {
        var names = config.Texts("architectures");
        var modelType = config.Text("model_type");
        var found = names.Count > 0
            ? Array.Find(All, family => names.Contains(family.Name))
            : Array.Find(All, family => family.ModelType == modelType);
        return found ?? throw new RefusedException(
            $"architecture '{(names.Count > 0 ? string.Join(", ", names) : modelType ?? "unnamed")}' is not supported; "
            + $"there are {string.Join(", ", All.Select(family => family.Name))}");
    }
}
