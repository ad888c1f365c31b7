namespace Stip.Fuzz;

/// <summary>A parser wrote where it must not, or left something behind.</summary>
internal sealed class FuzzLeftoverException(string folder) : Exception($"something was left in {folder}");
