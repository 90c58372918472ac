namespace Mdm.Settings;

/// <summary>The command line or a settings file asks for something that there is not. The message is for the user.</summary>
internal sealed class UsageException(string message, Exception? inner = null) : Exception(message, inner);
