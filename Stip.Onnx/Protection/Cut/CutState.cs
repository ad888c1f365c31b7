namespace Stip.Onnx.Protection.Cut;

/// <summary>How a value of a graph stands to the client.</summary>
/// <param name="IsClient">True where the client can compute it.</param>
/// <param name="IsSecret">True where it tells something of what the user sends.</param>
/// <param name="IsHidden">True for features: rows of tables and what is made of them.</param>
internal readonly record struct CutState(bool IsClient, bool IsSecret, bool IsHidden)
{
    public static CutState Open { get; } = new(true, false, false);

    public static CutState Secret { get; } = new(true, true, false);

    public static CutState Hidden { get; } = new(true, true, true);

    public static CutState Cloud { get; } = new(false, false, false);

    /// <summary>True for what only the client has: where the server needs it, it is sent.</summary>
    public bool Crosses => IsClient && (IsSecret || IsHidden);
}
