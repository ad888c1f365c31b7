namespace Stip.Onnx.Protection;

/// <summary>How far a work of several parts of about the same length is, as shares from 0 to 1.</summary>
internal static class ShareOfWork
{
    /// <summary>What a part reports to, as its share of the whole.</summary>
    /// <param name="whole">Is given the share of the whole that is done.</param>
    /// <param name="index">Which part.</param>
    /// <param name="count">How many there are.</param>
    public static Action<double>? Of(Action<double>? whole, int index, int count) =>
        whole is null ? null : share => whole((index + share) / count);
}
