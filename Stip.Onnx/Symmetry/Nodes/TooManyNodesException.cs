namespace Stip.Onnx.Symmetry.Nodes;

/// <summary>A graph treats so many positions apart that running it on labels would take minutes and fill the
/// memory.</summary>
internal sealed class TooManyNodesException() : Exception("a run on labels has more nodes than are followed")
{
    /// <summary>What users are told, without the node where there is none.</summary>
    public static RefusedException Refusal(string what = "the graph") => new(
        $"{what} treats too many positions apart to be followed; fix smaller sizes in the graph's inputs, or leave "
        + "them free");
}
