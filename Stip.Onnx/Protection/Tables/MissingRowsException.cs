namespace Stip.Onnx.Protection.Tables;

/// <summary>A graph of look-ups gives no row for some token: it is no table.</summary>
internal sealed class MissingRowsException(string term) : Exception($"'{term}' gives no row for every token");
